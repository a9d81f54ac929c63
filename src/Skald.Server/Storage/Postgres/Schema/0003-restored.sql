-- For the operator, after a dump was restored and before a server starts on it: the log is another one from here on, with another
-- epoch, and every session has ended, as the dump cannot know which of them had. Returns the epoch.
CREATE FUNCTION skald_restored() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    now_us bigint := skald_now();
    another text := skald_new_epoch();
BEGIN
    UPDATE sessions SET revoked_at = now_us WHERE revoked_at IS NULL;
    UPDATE sessions SET ended_in = NULL WHERE ended_in IS NOT NULL;   -- they are of transactions elsewhere, and known by revoked_at
    DELETE FROM signing_keys;   -- of another deployment, perhaps
    UPDATE server SET epoch = another, restored_at = now_us;
    RETURN another;
END $$;
