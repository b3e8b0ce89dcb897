-- What the engine itself keeps in a tenant's database. No row names the tenant: a copy of the file is a copy of the
-- tenant, also under another account or realm.

-- Which services have tables here, and in which version.
CREATE TABLE service (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;

-- What exists here: the truth that the resource index copies. `version` grows with every change in the tenant.
CREATE TABLE catalogue (
    service TEXT NOT NULL,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    arn     TEXT NOT NULL,              -- with placeholders for partition, region and account
    tags    TEXT NOT NULL,              -- a JSON object
    created REAL NOT NULL,
    version INTEGER NOT NULL,
    gone    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (service, kind, id)
) WITHOUT ROWID;
CREATE INDEX catalogue_version ON catalogue (version);

-- Names, unique in the realm, that this tenant holds.
CREATE TABLE holding (
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    generation TEXT NOT NULL,
    version    INTEGER NOT NULL,
    gone       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, name, generation)
) WITHOUT ROWID;
CREATE INDEX holding_version ON holding (version);

-- Has a row while this file is a copy that was put here and that the index has not been told of.
CREATE TABLE copied (id INTEGER PRIMARY KEY);

-- What time causes.
CREATE TABLE timer (
    service TEXT NOT NULL,
    name    TEXT NOT NULL,
    key     TEXT NOT NULL,
    due     REAL NOT NULL,
    PRIMARY KEY (service, name, key)
) WITHOUT ROWID;
CREATE INDEX timer_due ON timer (due);

-- Effects that are not settled yet, and what several of them have in common. Their parameters may name whom they are
-- for; a fork does not get them.
CREATE TABLE payload (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
CREATE TABLE effect (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    nonce    TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    lane     TEXT NOT NULL,
    payload  INTEGER,
    body     BLOB NOT NULL,
    refused  BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    due      REAL NOT NULL,
    created  REAL NOT NULL DEFAULT 0,
    problem  TEXT NOT NULL DEFAULT '',  -- why the last attempt failed
    gives_up REAL                       -- when a failure counts as a refusal
);
CREATE INDEX effect_lane ON effect (lane, id);
CREATE INDEX effect_due ON effect (due);
CREATE INDEX effect_nonce ON effect (nonce, sequence);
CREATE INDEX effect_payload ON effect (payload) WHERE payload IS NOT NULL;

-- Effects of other tenants that were applied here. Of a nonce, all below `floor` are settled at their source.
CREATE TABLE applied (nonce TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (nonce, sequence)) WITHOUT ROWID;
CREATE TABLE applied_floor (nonce TEXT PRIMARY KEY, floor INTEGER NOT NULL) WITHOUT ROWID;
