-- What a room is besides its log, and who is in it. An entry of the room's log changes them, and says how.
ALTER TABLE rooms ADD COLUMN visibility INTEGER NOT NULL DEFAULT 0;   -- Skald.Protocol.Visibility
ALTER TABLE rooms ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE rooms ADD COLUMN topic TEXT NOT NULL DEFAULT '';
ALTER TABLE rooms ADD COLUMN data TEXT;                               -- a JSON object of the application's
ALTER TABLE rooms ADD COLUMN settings TEXT;                           -- JSON; null: as every room's
ALTER TABLE rooms ADD COLUMN version INTEGER NOT NULL DEFAULT 0;      -- the entry that changed any of these, or its members, last
ALTER TABLE rooms ADD COLUMN client_msg_id TEXT;                      -- the maker's own name for making it

CREATE UNIQUE INDEX rooms_by_client_msg_id ON rooms (created_by, client_msg_id) WHERE client_msg_id IS NOT NULL;

CREATE TABLE members (
    room_id   INTEGER NOT NULL REFERENCES rooms (id),
    user_id   INTEGER NOT NULL REFERENCES users (id),
    role      INTEGER NOT NULL,   -- Skald.Protocol.Role
    from_seq  INTEGER NOT NULL,   -- the first entry that they may read
    until_seq INTEGER,            -- the entry that ended it; null: they are in the room
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user_id, room_id);

ALTER TABLE entries ADD COLUMN data TEXT;   -- what it says besides its target, which is 0 where it has none: a JSON object
