-- What is done to a message is an entry of the room's log: it takes a seq of its own and points at the message, which holds what it is now.
CREATE TABLE entries (
    room_id       INTEGER NOT NULL REFERENCES rooms (id),
    seq           INTEGER NOT NULL,
    kind          INTEGER NOT NULL,   -- Skald.Protocol.EntryKind
    user_id       INTEGER NOT NULL REFERENCES users (id),
    target        INTEGER NOT NULL,   -- the message's seq
    client_msg_id TEXT,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX entries_by_client_msg_id ON entries (room_id, user_id, client_msg_id) WHERE client_msg_id IS NOT NULL;

ALTER TABLE messages ADD COLUMN version INTEGER;        -- the last entry that changed it; null: none has
ALTER TABLE messages ADD COLUMN text_version INTEGER;   -- the entry that gave it its text; null: it is the first
ALTER TABLE messages ADD COLUMN edited_at INTEGER;
ALTER TABLE messages ADD COLUMN deleted_at INTEGER;     -- then the body is empty
ALTER TABLE messages ADD COLUMN deleted_by INTEGER REFERENCES users (id);
