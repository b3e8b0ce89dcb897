-- The resource index, in what SQLite and PostgreSQL have in common. Versions of it: schema.py.

CREATE TABLE realm (
    name        TEXT PRIMARY KEY,
    is_open     INTEGER NOT NULL,           -- 0 or 1
    sealing_key TEXT NOT NULL               -- 32 random bytes, in hexadecimal
);

CREATE TABLE account (
    realm                 TEXT NOT NULL REFERENCES realm (name) ON DELETE CASCADE,
    account               TEXT NOT NULL,
    alias                 TEXT NOT NULL,
    allow_account_id_keys INTEGER NOT NULL, -- 0 or 1
    created               DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (realm, account)
);

-- What manifests declared: Accounts of a realm, and Regions, whose realm and account are empty.
CREATE TABLE declaration (
    kind       TEXT NOT NULL,
    realm      TEXT NOT NULL,
    name       TEXT NOT NULL,
    account    TEXT NOT NULL,
    generation BIGINT NOT NULL,
    spec       TEXT NOT NULL,               -- a JSON object
    created    DOUBLE PRECISION NOT NULL,
    expires    DOUBLE PRECISION,
    declared   BIGINT NOT NULL DEFAULT 0,   -- the last generation that a declarer counted
    turned     DOUBLE PRECISION NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, realm, name)
);
CREATE INDEX declaration_account ON declaration (realm, account);

CREATE TABLE access_key (
    key_id    TEXT PRIMARY KEY,
    secret    TEXT NOT NULL,
    realm     TEXT NOT NULL REFERENCES realm (name) ON DELETE CASCADE,
    account   TEXT NOT NULL,
    principal TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    status    TEXT NOT NULL,
    created   DOUBLE PRECISION NOT NULL,
    expires   DOUBLE PRECISION              -- when it is to be revoked
);
CREATE INDEX access_key_expiring ON access_key (expires) WHERE expires IS NOT NULL;
CREATE INDEX access_key_account ON access_key (realm, account, created);

-- When an account that had the id was last dropped: what it gave out is not the next one's.
CREATE TABLE ended_account (
    realm   TEXT NOT NULL REFERENCES realm (name) ON DELETE CASCADE,
    account TEXT NOT NULL,
    ended   DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (realm, account)
);

-- Keys that went with their realm: they are known, so that nobody takes them at their word.
CREATE TABLE gone_key (key_id TEXT PRIMARY KEY);

-- `cell` is null where the owner gave the tenant up, or its account was dropped: the row stays, so that its epoch never
-- comes again. `published` is the version up to which all changes of the tenant are in the tables below.
CREATE TABLE tenant (
    realm     TEXT NOT NULL REFERENCES realm (name) ON DELETE CASCADE,
    account   TEXT NOT NULL,
    region    TEXT NOT NULL,
    cell      TEXT,
    epoch     BIGINT NOT NULL,
    published BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (realm, account, region)
);
CREATE INDEX tenant_cell ON tenant (cell);

-- The highest epoch of any tenant that went with its realm: new tenants begin above it. One row.
CREATE TABLE epoch_floor (epoch BIGINT NOT NULL);
INSERT INTO epoch_floor VALUES (0);

-- Names that are unique in their realm. `expires` is null once the holder has confirmed the claim.
CREATE TABLE name (
    realm      TEXT NOT NULL REFERENCES realm (name) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    generation TEXT NOT NULL,
    expires    DOUBLE PRECISION,
    PRIMARY KEY (realm, kind, name)
);
CREATE INDEX name_holder ON name (realm, account, region);
CREATE INDEX name_pending ON name (expires) WHERE expires IS NOT NULL;

-- What exists in the tenants.
CREATE TABLE resource (
    realm   TEXT NOT NULL,
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    service TEXT NOT NULL,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    arn     TEXT NOT NULL,
    tags    TEXT NOT NULL,                  -- a JSON object
    created DOUBLE PRECISION NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (realm, account, region, service, kind, id),
    FOREIGN KEY (realm, account, region) REFERENCES tenant (realm, account, region) ON DELETE CASCADE
);
CREATE INDEX resource_arn ON resource (realm, arn);
CREATE INDEX resource_account ON resource (realm, account, arn);
CREATE INDEX resource_service ON resource (realm, service, arn);
CREATE INDEX resource_id ON resource (realm, kind, id, account, region);

CREATE TABLE resource_tag (
    realm   TEXT NOT NULL,
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    service TEXT NOT NULL,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    value   TEXT NOT NULL,
    arn     TEXT NOT NULL,                  -- the resource's, so that what has a tag is found in the order of lists
    PRIMARY KEY (realm, account, region, service, kind, id, tag_key),
    FOREIGN KEY (realm, account, region, service, kind, id)
        REFERENCES resource (realm, account, region, service, kind, id) ON DELETE CASCADE
);
CREATE INDEX resource_tag_value ON resource_tag (realm, tag_key, value, arn);
