-- Stores a batch in one call, and so in one message of the protocol: a node that stands still can hold no room's lock. First the lock,
-- then statements of their own, which see what was committed while the lock was waited for.
-- Returns a row for each room, with its head before this, and with where the whole log ended before this. None where nothing is stored,
-- because what the caller went by is not so: a room or a sender is not there, a message was changed meanwhile, a client_msg_id is taken.
-- Then the caller reads, decides and calls again. A head that has moved since it was read is no such thing: entries, versions and times
-- that were decided behind it move along, and the caller moves them too.
-- Its name has a number, so that two releases may run side by side.
CREATE FUNCTION skald_append_1(
    p_rooms bigint[],      -- ascending, each once
    p_heads bigint[],      -- their heads, where the caller has decided something by them; empty: whatever they are
    p_fixed boolean[],     -- whether those must be the same still
    p_decided bigint,      -- when it decided. What is stored has the time of the call, read under the lock: it never goes back in a room
    p_counts bigint[],     -- how many entries of any kind each of them gets
    p_senders bigint[],    -- each once
    -- Messages: the place of each one's room in p_rooms, and its own place among what its room gets: 1, 2, …
    p_room int[], p_place int[], p_user bigint[], p_client_msg_id text[], p_body text[],
    -- What is done to messages.
    p_entry_room int[], p_entry_place int[], p_entry_kind int[], p_entry_user bigint[], p_entry_target bigint[],
    p_entry_client_msg_id text[],
    -- Those messages: the version that each must have until then, and what it is after it.
    p_changed_room int[], p_changed_seq bigint[], p_changed_from bigint[], p_changed_body text[], p_changed_version bigint[],
    p_changed_text_version bigint[], p_changed_edited_at bigint[], p_changed_deleted_at bigint[], p_changed_deleted_by bigint[])
RETURNS TABLE (head bigint, stored_at bigint, log_position bigint) LANGUAGE plpgsql AS $$
DECLARE
    heads bigint[];
    moved bigint[];
    changed bigint;
    now_us bigint;
    last_position bigint;
    last_room bigint;
BEGIN
    heads := ARRAY(SELECT h.last_seq FROM room_heads h WHERE h.room_id = ANY (p_rooms) ORDER BY h.room_id FOR NO KEY UPDATE);
    IF cardinality(heads) <> cardinality(p_rooms)
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
            INSERT INTO entries (room_id, seq, kind, user_id, target, client_msg_id, created_at)
            SELECT p_rooms[d.room], heads[d.room] + d.place, d.kind, d.user_id,
                d.target + CASE WHEN d.target > p_heads[d.room] THEN moved[d.room] ELSE 0 END, d.client_msg_id, now_us
            FROM unnest(p_entry_room, p_entry_place, p_entry_kind, p_entry_user, p_entry_target, p_entry_client_msg_id)
                AS d(room, place, kind, user_id, target, client_msg_id);
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
