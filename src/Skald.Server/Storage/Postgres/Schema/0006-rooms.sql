-- What a room is besides its log, and who is in it. An entry of the room's log changes them, and says how.
ALTER TABLE room_directory
    ADD COLUMN visibility int NOT NULL DEFAULT 0,   -- Skald.Protocol.Visibility
    ADD COLUMN title text NOT NULL DEFAULT '',
    ADD COLUMN topic text NOT NULL DEFAULT '',
    ADD COLUMN data text,                           -- a JSON object of the application's
    ADD COLUMN settings text,                       -- JSON; null: as every room's
    ADD COLUMN client_msg_id text COLLATE "C";      -- the maker's own name for making it

CREATE UNIQUE INDEX rooms_by_client_msg_id ON room_directory (created_by, client_msg_id) WHERE client_msg_id IS NOT NULL;

-- The entry that changed any of these, or the room's members, last. It lies where each append locks anyway: what was decided by an
-- older one is not stored.
ALTER TABLE room_heads ADD COLUMN version bigint NOT NULL DEFAULT 0;

CREATE OR REPLACE VIEW rooms AS
SELECT d.id, d.name,
    (SELECT h.first_seq FROM room_heads h WHERE h.room_id = d.id) AS first_seq,
    (SELECT h.last_seq FROM room_heads h WHERE h.room_id = d.id) AS last_seq,
    d.created_by, d.created_at, d.visibility, d.title, d.topic, d.data, d.settings,
    (SELECT h.version FROM room_heads h WHERE h.room_id = d.id) AS version,
    d.client_msg_id
FROM room_directory d;

CREATE TABLE members (
    room_id   bigint NOT NULL REFERENCES room_directory (id),
    user_id   bigint NOT NULL REFERENCES users (id),
    role      int    NOT NULL,   -- Skald.Protocol.Role
    from_seq  bigint NOT NULL,   -- the first entry that they may read
    until_seq bigint,            -- the entry that ended it; null: they are in the room
    PRIMARY KEY (room_id, user_id)
);

CREATE INDEX members_by_user ON members (user_id, room_id);

ALTER TABLE entries ADD COLUMN data text;   -- what it says besides its target, which is 0 where it has none: a JSON object

-- What follows from entries, besides the messages that they change. Seqs in it are final: the caller has fixed the heads (p_fixed).
CREATE FUNCTION skald_fold_1(p_folds jsonb, p_rooms bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE room_directory d SET visibility = r.visibility, title = r.title, topic = r.topic, data = r.data, settings = r.settings
    FROM jsonb_to_recordset(p_folds -> 'rooms')
        AS r(room int, visibility int, title text, topic text, data text, settings text)
    WHERE d.id = p_rooms[r.room];
    UPDATE room_heads h SET version = r.version
    FROM jsonb_to_recordset(p_folds -> 'rooms') AS r(room int, version bigint) WHERE h.room_id = p_rooms[r.room];
    INSERT INTO members (room_id, user_id, role, from_seq, until_seq)
    SELECT p_rooms[m.room], m.user_id, m.role, m.from_seq, m.until_seq
    FROM jsonb_to_recordset(p_folds -> 'members') AS m(room int, user_id bigint, role int, from_seq bigint, until_seq bigint)
    ON CONFLICT (room_id, user_id) DO UPDATE
    SET role = excluded.role, from_seq = excluded.from_seq, until_seq = excluded.until_seq;
END $$;

-- As skald_append_1, which an older release beside this one calls still: with what entries say (p_entry_data), with the versions of the
-- rooms that the caller has decided by, of which another makes it store nothing, and with what else follows from the entries, as JSON
-- (p_folds, null for nothing), which skald_fold_1 stores.
CREATE FUNCTION skald_append_2(
    p_rooms bigint[],      -- ascending, each once
    p_heads bigint[],      -- their heads, where the caller has decided something by them; empty: whatever they are
    p_fixed boolean[],     -- whether those must be the same still
    p_decided bigint,      -- when it decided. What is stored has the time of the call, read under the lock: it never goes back in a room
    p_versions bigint[],   -- the entry that each of them was changed by last, as the caller knows it
    p_counts bigint[],     -- how many entries of any kind each of them gets
    p_senders bigint[],    -- each once
    -- Messages: the place of each one's room in p_rooms, and its own place among what its room gets: 1, 2, …
    p_room int[], p_place int[], p_user bigint[], p_client_msg_id text[], p_body text[],
    -- What is done to messages.
    p_entry_room int[], p_entry_place int[], p_entry_kind int[], p_entry_user bigint[], p_entry_target bigint[],
    p_entry_client_msg_id text[], p_entry_data text[],
    -- Those messages: the version that each must have until then, and what it is after it.
    p_changed_room int[], p_changed_seq bigint[], p_changed_from bigint[], p_changed_body text[], p_changed_version bigint[],
    p_changed_text_version bigint[], p_changed_edited_at bigint[], p_changed_deleted_at bigint[], p_changed_deleted_by bigint[],
    p_folds jsonb)
RETURNS TABLE (head bigint, stored_at bigint, log_position bigint) LANGUAGE plpgsql AS $$
DECLARE
    heads bigint[];
    versions bigint[];
    moved bigint[];
    changed bigint;
    now_us bigint;
    last_position bigint;
    last_room bigint;
BEGIN
    SELECT array_agg(h.last_seq), array_agg(h.version) INTO heads, versions
    FROM (
        SELECT r.last_seq, r.version FROM room_heads r WHERE r.room_id = ANY (p_rooms) ORDER BY r.room_id FOR NO KEY UPDATE) h;
    IF versions IS DISTINCT FROM p_versions
        OR EXISTS (SELECT FROM unnest(p_senders) AS s(id) WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = s.id)) THEN
        RETURN;
    END IF;
    now_us := skald_now();
    IF cardinality(p_heads) > 0 THEN
        moved := ARRAY(SELECT h.now - h.was FROM unnest(heads, p_heads) WITH ORDINALITY AS h(now, was, room) ORDER BY h.room);
        IF EXISTS (SELECT FROM unnest(moved, p_fixed) AS m(by, fixed) WHERE m.by <> 0 AND m.fixed) THEN
            RETURN;
        END IF;
    END IF;

    BEGIN
        INSERT INTO messages (room_id, seq, user_id, client_msg_id, body, created_at)
        SELECT p_rooms[d.room], heads[d.room] + d.place, d.user_id, d.client_msg_id, d.body, now_us
        FROM unnest(p_room, p_place, p_user, p_client_msg_id, p_body) AS d(room, place, user_id, client_msg_id, body);
        IF cardinality(p_entry_room) > 0 THEN
            INSERT INTO entries (room_id, seq, kind, user_id, target, client_msg_id, created_at, data)
            SELECT p_rooms[d.room], heads[d.room] + d.place, d.kind, d.user_id,
                d.target + CASE WHEN d.target > p_heads[d.room] THEN moved[d.room] ELSE 0 END, d.client_msg_id, now_us,
                d.data
            FROM unnest(p_entry_room, p_entry_place, p_entry_kind, p_entry_user, p_entry_target, p_entry_client_msg_id, p_entry_data)
                AS d(room, place, kind, user_id, target, client_msg_id, data);
            UPDATE messages m SET body = c.body,
                version = c.version + CASE WHEN c.version > p_heads[c.room] THEN moved[c.room] ELSE 0 END,
                text_version = c.text_version + CASE WHEN c.text_version > p_heads[c.room] THEN moved[c.room] ELSE 0 END,
                edited_at = CASE WHEN c.edited_at = p_decided THEN now_us ELSE c.edited_at END,
                deleted_at = CASE WHEN c.deleted_at = p_decided THEN now_us ELSE c.deleted_at END,
                deleted_by = c.deleted_by
            FROM unnest(p_changed_room, p_changed_seq, p_changed_from, p_changed_body, p_changed_version, p_changed_text_version,
                p_changed_edited_at, p_changed_deleted_at, p_changed_deleted_by)
                AS c(room, seq, before, body, version, text_version, edited_at, deleted_at, deleted_by)
            WHERE m.room_id = p_rooms[c.room]
                AND m.seq = c.seq + CASE WHEN c.seq > p_heads[c.room] THEN moved[c.room] ELSE 0 END
                AND coalesce(m.version, m.seq) = c.before + CASE WHEN c.before > p_heads[c.room] THEN moved[c.room] ELSE 0 END;
            GET DIAGNOSTICS changed = ROW_COUNT;
            IF changed <> cardinality(p_changed_room) THEN
                RAISE EXCEPTION USING ERRCODE = 'SK001';   -- undoes what this block has stored
            END IF;
        END IF;
        IF p_folds IS NOT NULL THEN
            PERFORM skald_fold_1(p_folds, p_rooms);
        END IF;
    EXCEPTION WHEN unique_violation OR SQLSTATE 'SK001' THEN
        RETURN;
    END;

    UPDATE room_heads h SET last_seq = h.last_seq + c.entries
    FROM unnest(p_rooms, p_counts) AS c(room_id, entries) WHERE h.room_id = c.room_id AND c.entries > 0;

    SELECT e.position, e.room_id INTO last_position, last_room FROM log_end e FOR NO KEY UPDATE;
    -- Where the last run is of the first room, it goes on.
    INSERT INTO runs (position, room_id, first_seq)
    SELECT last_position + c.before + 1, p_rooms[c.room], heads[c.room] + 1
    FROM (
        SELECT t.room, t.entries, (sum(t.entries) OVER (ORDER BY t.room) - t.entries)::bigint AS before
        FROM unnest(p_counts) WITH ORDINALITY AS t(entries, room)) c
    WHERE c.entries > 0 AND (c.before > 0 OR p_rooms[c.room] <> last_room);
    UPDATE log_end e SET position = e.position + c.entries, room_id = c.room_id
    FROM (
        SELECT sum(t.entries)::bigint AS entries, max(t.room_id) AS room_id
        FROM unnest(p_rooms, p_counts) AS t(room_id, entries) WHERE t.entries > 0) c
    WHERE c.entries > 0;

    RETURN QUERY SELECT h, now_us, last_position FROM unnest(heads) AS h;
END $$;
