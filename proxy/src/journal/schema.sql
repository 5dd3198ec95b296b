CREATE TABLE entries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace   TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    environment TEXT,
    body        TEXT    NOT NULL,
    UNIQUE (namespace, name, key)
) STRICT;

CREATE INDEX entries_by_time ON entries (namespace, name, at, id);
CREATE INDEX entries_by_kind ON entries (namespace, name, kind, environment, id);

CREATE TABLE intents (
    id         TEXT    PRIMARY KEY,
    user       INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outcomes (
    user       INTEGER NOT NULL,
    repository TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    head       TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    PRIMARY KEY (user, repository, number, head, action)
) STRICT, WITHOUT ROWID;
