-- All logs as one, in the order of their commits. Entries are numbered through, from 1, whatever their room; a row is where the log
-- goes on with another room. It ends where the next one begins, and the last one with its room.
CREATE TABLE runs (
    position  INTEGER PRIMARY KEY,   -- of its first entry
    room_id   INTEGER NOT NULL,
    first_seq INTEGER NOT NULL       -- of its first entry
) STRICT;

-- Nobody knows any more in which order earlier entries were committed, but for each room.
INSERT INTO runs (position, room_id, first_seq)
SELECT 1 + coalesce(sum(last_seq) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), id, 1
FROM rooms WHERE last_seq > 0;

-- How far those who read all of it have come.
CREATE TABLE followers (
    name     TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL   -- of the last entry that is done with
) STRICT, WITHOUT ROWID;
