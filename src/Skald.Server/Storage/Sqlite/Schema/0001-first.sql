-- Times are microseconds since 1970 UTC.

CREATE TABLE server (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    epoch          TEXT    NOT NULL,   -- names this log; a restored backup gets another
    schema_version INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    username      TEXT    NOT NULL,
    username_key  TEXT    NOT NULL UNIQUE,   -- lower-cased: names are unique without case
    email         TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    disabled_at   INTEGER
) STRICT;

CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY,   -- drawn at random: a restored backup must not give one out twice
    user_id      INTEGER NOT NULL REFERENCES users (id),
    generation   INTEGER NOT NULL,   -- which refresh token is the valid one
    rotated_at   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    user_agent   TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE rooms (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    first_seq  INTEGER NOT NULL DEFAULT 1,   -- the oldest message kept
    last_seq   INTEGER NOT NULL DEFAULT 0,
    created_by INTEGER REFERENCES users (id),
    created_at INTEGER NOT NULL
) STRICT;

-- Clustered by its key: a page of history is one range read, whatever the size of the table.
CREATE TABLE messages (
    room_id       INTEGER NOT NULL REFERENCES rooms (id),
    seq           INTEGER NOT NULL,
    user_id       INTEGER NOT NULL REFERENCES users (id),
    client_msg_id TEXT,
    body          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_client_msg_id ON messages (room_id, user_id, client_msg_id) WHERE client_msg_id IS NOT NULL;
