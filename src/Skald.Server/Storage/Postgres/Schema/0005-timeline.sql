-- A standby that was promoted begins another timeline of the write-ahead log, and so does PostgreSQL where it recovers under Patroni.
-- Only the first of these may have lost something. Where the whole log ended when a node was first on a timeline tells which it is.
ALTER TABLE server ADD COLUMN timeline text NOT NULL DEFAULT '', ADD COLUMN timeline_from bigint NOT NULL DEFAULT 0;

-- Called by each node on each new connection, before it stores or reads anything there.
-- Returns the timeline; null where the log is not the one of p_epoch. It is another one from here on where it lacks what the node has
-- seen: on the timeline p_timeline, up to the position p_seen.
CREATE FUNCTION skald_join_1(p_epoch text, p_timeline text, p_seen bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    actual text := substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);
    known server%ROWTYPE;
BEGIN
    SELECT * INTO known FROM server FOR UPDATE;
    IF known.epoch <> p_epoch THEN
        RETURN NULL;
    END IF;
    IF known.timeline <> actual THEN
        UPDATE server SET timeline = actual, timeline_from = (SELECT e.position FROM log_end e) RETURNING * INTO known;
    END IF;
    IF p_timeline <> actual AND p_seen > known.timeline_from THEN
        UPDATE server SET epoch = skald_new_epoch();
        RETURN NULL;
    END IF;
    RETURN actual;
END $$;
