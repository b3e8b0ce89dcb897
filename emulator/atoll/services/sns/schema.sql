-- Topics. `attributes` are those that were set, a JSON object of strings; defaults are not stored. `sequence` is the
-- last sequence number of a FIFO topic, `deleted` how many subscriptions it had that are gone.
CREATE TABLE topic (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    created    INTEGER NOT NULL,                -- milliseconds since the epoch, as all times here
    attributes TEXT NOT NULL,
    tags       TEXT NOT NULL,
    protection TEXT NOT NULL DEFAULT '',        -- the data protection policy
    sequence   INTEGER NOT NULL DEFAULT 0,
    deleted    INTEGER NOT NULL DEFAULT 0
);

-- Subscriptions, with their topic. `owner` and `home` are account and region of who made it, where these are others
-- than the tenant's; `principal` may have a placeholder for the tenant's account.
CREATE TABLE subscription (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    topic         INTEGER NOT NULL,
    id            TEXT NOT NULL UNIQUE,         -- the end of its ARN
    protocol      TEXT NOT NULL,
    endpoint      TEXT NOT NULL,
    owner         TEXT,
    home          TEXT,
    principal     TEXT NOT NULL,
    attributes    TEXT NOT NULL,
    pending       INTEGER NOT NULL,
    authenticated INTEGER NOT NULL DEFAULT 0,   -- whether its confirmation was
    strict        INTEGER NOT NULL DEFAULT 0,   -- whether who ends it has to be its owner
    created       INTEGER NOT NULL,
    replay        TEXT NOT NULL DEFAULT '',     -- how far a replay has come
    throttled     INTEGER NOT NULL DEFAULT 0    -- when its endpoint may be called again
);
CREATE INDEX subscription_topic ON subscription (topic, number);
CREATE INDEX subscription_endpoint ON subscription (topic, protocol, endpoint);

-- What confirms a subscription. `answered` is the endpoint's cancelled subscription, as JSON, which it brings back.
CREATE TABLE subscription_token (
    token        TEXT PRIMARY KEY,
    subscription TEXT NOT NULL,
    expires      INTEGER NOT NULL,
    cancelled    TEXT
) WITHOUT ROWID;
CREATE INDEX subscription_token_expires ON subscription_token (expires);
CREATE INDEX subscription_token_subscription ON subscription_token (subscription);

-- Subscriptions of this tenant to topics of others: copies, kept by effects of theirs. A fork of a topic's account has
-- subscriptions with the original's ids.
CREATE TABLE subscription_mirror (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL,
    topic    TEXT NOT NULL,                     -- an ARN
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    pending  INTEGER NOT NULL,
    UNIQUE (id, topic)
);

-- What was published to FIFO topics in the last five minutes. `scope` is the message group, or empty for the topic.
CREATE TABLE topic_deduplication (
    topic            INTEGER NOT NULL,
    scope            TEXT NOT NULL,
    deduplication_id TEXT NOT NULL,
    expires          INTEGER NOT NULL,
    message_id       TEXT NOT NULL,
    sequence         INTEGER NOT NULL,
    PRIMARY KEY (topic, scope, deduplication_id)
) WITHOUT ROWID;
CREATE INDEX topic_deduplication_expires ON topic_deduplication (expires);

-- Messages of FIFO topics with an archive policy.
CREATE TABLE topic_archive (
    topic     INTEGER NOT NULL,
    sequence  INTEGER NOT NULL,
    published INTEGER NOT NULL,
    message   BLOB NOT NULL,                    -- MessagePack
    PRIMARY KEY (topic, sequence)
) WITHOUT ROWID;
CREATE INDEX topic_archive_published ON topic_archive (topic, published);

-- Deliveries to HTTP(S) endpoints that are not done. `message` is shared by all of one message.
CREATE TABLE posting (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription TEXT NOT NULL,
    message      INTEGER NOT NULL,
    kind         TEXT NOT NULL,                 -- x-amz-sns-message-type
    attempts     INTEGER NOT NULL DEFAULT 0,
    due          INTEGER NOT NULL,
    token        TEXT NOT NULL DEFAULT '',
    url          TEXT NOT NULL DEFAULT ''       -- where the subscription is gone by then
);
CREATE INDEX posting_due ON posting (due);
CREATE INDEX posting_message ON posting (message);
CREATE INDEX posting_subscription ON posting (subscription);
CREATE TABLE posted (id INTEGER PRIMARY KEY AUTOINCREMENT, message BLOB NOT NULL);

-- Messages that leave Atoll nowhere: SMS, push notifications, emails, Firehose records. The oldest go first.
CREATE TABLE kept_message (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL,
    target  TEXT NOT NULL,
    message TEXT NOT NULL                       -- JSON; its ARNs have placeholders
);
CREATE INDEX kept_message_kind ON kept_message (kind, target, id);

CREATE TABLE platform_application (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,            -- PLATFORM/NAME
    attributes TEXT NOT NULL
);
CREATE TABLE platform_endpoint (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    application INTEGER NOT NULL,
    id          TEXT NOT NULL UNIQUE,
    token       TEXT NOT NULL,
    attributes  TEXT NOT NULL
);
CREATE UNIQUE INDEX platform_endpoint_token ON platform_endpoint (application, token);

CREATE TABLE sms_attribute (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE opted_out (number TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE opted_in (number TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sandbox_number (
    number   TEXT PRIMARY KEY,
    status   TEXT NOT NULL,
    password TEXT NOT NULL,
    created  INTEGER NOT NULL
) WITHOUT ROWID;
