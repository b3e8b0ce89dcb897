-- Queues. `attributes` are those that were set, a JSON object of strings; defaults are not stored. `backlog` is where
-- its messages are; a purge gives the queue a new one. `sequence` is the last sequence number of a FIFO queue.
CREATE TABLE queue (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    backlog     INTEGER NOT NULL,
    created     INTEGER NOT NULL,               -- seconds since the epoch, as all times in this table
    modified    INTEGER NOT NULL,
    purged      INTEGER,
    attributes  TEXT NOT NULL,
    tags        TEXT NOT NULL,
    dead_letter TEXT,                           -- the name of its dead-letter queue
    sequence    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX queue_dead_letter ON queue (dead_letter, name) WHERE dead_letter IS NOT NULL;

-- Numbers of backlogs never come again. One that has no queue any more is swept out in chunks.
CREATE TABLE backlog (id INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER);
CREATE INDEX backlog_left_behind ON backlog (id) WHERE queue IS NULL;

-- Times are milliseconds. `id` is the backlog times 2^40 plus a position in it, so that a backlog's messages lie
-- together in the order of their arrival. A message is in flight when it was received and is not visible.
CREATE TABLE message (
    id               INTEGER PRIMARY KEY,
    backlog          INTEGER NOT NULL,
    visible          INTEGER NOT NULL,
    receives         INTEGER NOT NULL DEFAULT 0,
    sent             INTEGER NOT NULL,
    first_received   INTEGER,
    message_id       TEXT NOT NULL,
    sender           TEXT,                      -- NULL is the tenant's own root
    group_id         TEXT,
    deduplication_id TEXT,
    sequence         INTEGER,                   -- of FIFO queues
    source           TEXT,                      -- the queue that it came from into this dead-letter queue
    trace            TEXT,
    attributes       BLOB,                      -- MessagePack
    body             TEXT NOT NULL
);
-- `receives` is there so that what is in flight is counted without reading rows.
CREATE INDEX message_visible ON message (backlog, visible, receives);
CREATE INDEX message_group ON message (backlog, group_id, id) WHERE group_id IS NOT NULL;
CREATE INDEX message_moved ON message (backlog, sent) WHERE source IS NOT NULL;

-- Message groups of FIFO queues that have messages: the id of the first of each, and when that is visible.
CREATE TABLE fifo_group (
    backlog  INTEGER NOT NULL,
    group_id TEXT NOT NULL,
    ready    INTEGER NOT NULL,
    front    INTEGER NOT NULL,
    PRIMARY KEY (backlog, group_id)
) WITHOUT ROWID;
CREATE INDEX fifo_group_ready ON fifo_group (backlog, ready, front);

-- What was sent to FIFO queues in the last five minutes. `scope` is the message group, or empty for the whole queue.
CREATE TABLE deduplication (
    queue            INTEGER NOT NULL,
    scope            TEXT NOT NULL,
    deduplication_id TEXT NOT NULL,
    expires          INTEGER NOT NULL,
    message_id       TEXT NOT NULL,
    sequence         INTEGER NOT NULL,
    PRIMARY KEY (queue, scope, deduplication_id)
) WITHOUT ROWID;
CREATE INDEX deduplication_expires ON deduplication (expires);

-- What calls of ReceiveMessage with a ReceiveRequestAttemptId were given, for five minutes. `received` is a JSON list of
-- [message, receives, visible].
CREATE TABLE attempt (
    queue    INTEGER NOT NULL,
    id       TEXT NOT NULL,
    expires  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    received TEXT NOT NULL,
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE INDEX attempt_expires ON attempt (expires);

CREATE TABLE move_task (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    source      INTEGER NOT NULL,               -- the queue's id
    destination TEXT,                           -- a queue's name; NULL is wherever each message came from
    rate        INTEGER,                        -- messages a second, where one was given
    status      TEXT NOT NULL,
    started     INTEGER NOT NULL,               -- milliseconds
    to_move     INTEGER NOT NULL,
    moved       INTEGER NOT NULL DEFAULT 0,
    failure     TEXT
);
CREATE INDEX move_task_source ON move_task (source, number);

-- Names whose queue was deleted in the last minute.
CREATE TABLE deleted_queue (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
