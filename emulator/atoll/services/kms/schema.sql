-- Keys. Times are seconds since the epoch. `policy` is NULL where it is the default one, which names the account.
-- `related` is, of multi-Region keys, a JSON object of primary and replicas, by the names of their regions, and of how
-- often the primary has changed; "" stands for the region that this row is in. `used` is a JSON list of operation, time
-- and request of the last use that was noted.
CREATE TABLE key (
    id            TEXT PRIMARY KEY,
    created       REAL NOT NULL,
    description   TEXT NOT NULL,
    usage         TEXT NOT NULL,
    spec          TEXT NOT NULL,
    origin        TEXT NOT NULL,
    manager       TEXT NOT NULL,
    state         TEXT NOT NULL,
    policy        TEXT,
    tags          TEXT NOT NULL,                -- a JSON object
    store         TEXT,                         -- its custom key store
    deletion      REAL,                         -- when it will be deleted
    window        INTEGER,                      -- days that a primary waits once its last replica is gone
    period        INTEGER,                      -- days between rotations; NULL is no automatic rotation
    next_rotation REAL,
    related       TEXT,
    used          TEXT
) WITHOUT ROWID;
CREATE INDEX key_store ON key (store) WHERE store IS NOT NULL;

-- Key material, the newest with the highest number. `secret` is NULL where imported material was deleted or has expired:
-- the bytes of a symmetric key, or a private key as PKCS #8.
CREATE TABLE material (
    key         TEXT NOT NULL,
    id          TEXT NOT NULL,                  -- 64 hexadecimal digits
    number      INTEGER NOT NULL,
    secret      BLOB,
    state       TEXT NOT NULL,
    rotated     REAL,
    rotation    TEXT,                           -- AUTOMATIC or ON_DEMAND
    model       TEXT,                           -- whether imported material expires
    expires     REAL,
    description TEXT,
    missing     TEXT,                           -- a JSON list of the regions whose replica has not imported it yet
    PRIMARY KEY (key, id)
) WITHOUT ROWID;

CREATE TABLE alias (
    name    TEXT PRIMARY KEY,
    key     TEXT NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX alias_key ON alias (key, name);

-- Grants lie with their key, whoever made them. `issuer` is an account, NULL where it is the key's own.
CREATE TABLE key_grant (
    id               TEXT PRIMARY KEY,
    key              TEXT NOT NULL,
    created          REAL NOT NULL,
    name             TEXT,
    issuer           TEXT,
    grantee          TEXT,
    retiring         TEXT,
    grantee_service  TEXT,
    retiring_service TEXT,
    operations       TEXT NOT NULL,             -- a JSON list
    constraints      TEXT                       -- a JSON object
) WITHOUT ROWID;
CREATE INDEX key_grant_key ON key_grant (key, id);
CREATE INDEX key_grant_retiring ON key_grant (retiring, id) WHERE retiring IS NOT NULL;

-- Mirrors of grants on keys of other accounts that principals of this one may retire. `key` is the key's ARN, since a fork
-- of its account has grants of the same ids; `shown` is the grant as it is listed, in JSON.
CREATE TABLE retirable (
    id       TEXT NOT NULL,
    key      TEXT NOT NULL,
    retiring TEXT NOT NULL,
    shown    TEXT NOT NULL,
    PRIMARY KEY (id, key)
) WITHOUT ROWID;
CREATE INDEX retirable_retiring ON retirable (retiring, id);

-- What GetParametersForImport gave out: the private half of the wrapping key.
CREATE TABLE wrapping (
    id        BLOB PRIMARY KEY,
    key       TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    private   BLOB NOT NULL,
    expires   REAL NOT NULL
) WITHOUT ROWID;

-- Custom key stores. `settings` is a JSON object of what DescribeCustomKeyStores shows, without what is secret.
CREATE TABLE store (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    created  REAL NOT NULL,
    state    TEXT NOT NULL,
    problem  TEXT,
    settings TEXT NOT NULL
) WITHOUT ROWID;
