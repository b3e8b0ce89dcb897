-- Secrets. Times are seconds since the epoch, `accessed` days. `kms_key` and other ARNs of users' are templates in which
-- {account} and {region} stand for the tenant's own; no key means aws/secretsmanager. Times and names of rotation are a
-- JSON object. Of a replica, `primary_region` says where its primary is; of one in another account, `primary_arn`.
CREATE TABLE secret (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,
    suffix          TEXT NOT NULL,          -- the six characters at the end of its ARN
    description     TEXT NOT NULL,
    kms_key         TEXT,
    type            TEXT,
    tags            TEXT NOT NULL,          -- a JSON object
    policy          TEXT,
    created         REAL NOT NULL,
    changed         REAL NOT NULL,
    accessed        INTEGER,
    deleted         REAL,                   -- when it is to be gone
    rotation        TEXT,
    primary_region  TEXT,
    primary_arn     TEXT,
    primary_status  TEXT,
    primary_message TEXT,
    owning_service  TEXT
);

-- Versions, of which those that rotation has made and nobody has given a value have no seal.
CREATE TABLE version (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    secret     INTEGER NOT NULL,
    version_id TEXT NOT NULL,
    created    REAL NOT NULL,
    accessed   INTEGER,
    is_binary  INTEGER NOT NULL,
    UNIQUE (secret, version_id)
);

-- The value of a version, once under each KMS key that the secret had while the version was in use. `data_key` is KMS's
-- ciphertext of the key that sealed `value`, `key` a template of its KMS key's ARN, `given` of what the secret said.
CREATE TABLE seal (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    version  INTEGER NOT NULL,
    given    TEXT,
    key      TEXT NOT NULL,
    data_key BLOB NOT NULL,
    value    BLOB NOT NULL
);
CREATE INDEX seal_version ON seal (version, id);

CREATE TABLE stage (
    secret  INTEGER NOT NULL,
    stage   TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (secret, stage)
) WITHOUT ROWID;

-- Replicas of a secret. `place` is a region, or a template of the replica's ARN in another account.
CREATE TABLE replica (
    secret   INTEGER NOT NULL,
    place    TEXT NOT NULL,
    kms_key  TEXT,
    status   TEXT NOT NULL,
    message  TEXT,
    accessed INTEGER,
    role     TEXT,                          -- of another account's: the role that replicates
    PRIMARY KEY (secret, place)
) WITHOUT ROWID;
