-- What the nodes of one database must hold together.

-- Which keys they have signed with, in the order of their first use. A node that does not know the newest would refuse what the others
-- have signed.
CREATE TABLE signing_keys (
    position      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purpose       text   COLLATE "C" NOT NULL,   -- access, refresh
    id            text   COLLATE "C" NOT NULL,   -- by a hash of the key, which nothing leads back from
    first_used_at bigint NOT NULL,
    UNIQUE (purpose, id)
);

-- For the operator who has lost the keys, before a server starts with others: nobody is signed in any more.
CREATE FUNCTION skald_forget_keys() RETURNS void LANGUAGE sql AS $$
    DELETE FROM signing_keys;
    UPDATE sessions SET revoked_at = skald_now() WHERE revoked_at IS NULL
$$;

-- The rest is worth no write to disk: unlogged tables, which are empty after a crash.

-- Tickets for sockets that nobody has used yet.
CREATE UNLOGGED TABLE tickets (
    hash       bytea  PRIMARY KEY,   -- SHA-256: a copy of this table opens nothing
    session_id bigint NOT NULL,
    user_id    bigint NOT NULL,
    username   text   NOT NULL,
    expires_at bigint NOT NULL
);

CREATE INDEX tickets_by_session ON tickets (session_id);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- False where the session has p_most of them. Those of one session are counted one after the other, on whatever nodes.
CREATE FUNCTION skald_issue_ticket(
    p_hash bytea, p_session bigint, p_user bigint, p_username text, p_lifetime bigint, p_most int)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    -- Each that comes takes more away than it adds: the table is never much larger than what is in its time.
    DELETE FROM tickets WHERE hash IN (
        SELECT t.hash FROM tickets t WHERE t.expires_at <= skald_now() ORDER BY t.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    PERFORM pg_advisory_xact_lock(hashtext('skald tickets'), hashint8(p_session));
    IF (SELECT count(*) FROM tickets t WHERE t.session_id = p_session AND t.expires_at > skald_now()) >= p_most THEN
        RETURN false;
    END IF;
    INSERT INTO tickets (hash, session_id, user_id, username, expires_at)
    VALUES (p_hash, p_session, p_user, p_username, skald_now() + p_lifetime) ON CONFLICT (hash) DO NOTHING;
    RETURN true;
END $$;

-- How often a password was guessed at, in vain or not to its end yet.
CREATE UNLOGGED TABLE login_failures (
    name     bytea  PRIMARY KEY,   -- SHA-256 of what is guessed at, which may be any text
    failures int    NOT NULL,
    last_at  bigint NOT NULL       -- when the last of them began
);

CREATE INDEX login_failures_by_time ON login_failures (last_at);

-- How long after so many failures the next attempt has to wait: as MemoryLoginThrottle has it.
CREATE FUNCTION skald_login_wait(p_failures int, p_free int, p_window bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_failures < p_free THEN 0
        ELSE least(1000000 * (1::bigint << least(p_failures - p_free, 30)), p_window) END
$$;

-- 0: an attempt may be made, and counts. Else how long until one may.
CREATE FUNCTION skald_begin_login(p_name bytea, p_free int, p_window bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    -- Of the longest wait, and the window after it.
    DELETE FROM login_failures WHERE name IN (
        SELECT f.name FROM login_failures f WHERE f.last_at <= skald_now() - 2 * p_window
        ORDER BY f.last_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    -- Whoever comes at the same moment waits for the row, and goes by what it is then.
    INSERT INTO login_failures AS f (name, failures, last_at) VALUES (p_name, 1, skald_now())
    ON CONFLICT (name) DO UPDATE SET
        failures = CASE
            WHEN f.last_at + p_window + skald_login_wait(f.failures, p_free, p_window) <= skald_now() THEN 1
            ELSE f.failures + 1 END,
        last_at = skald_now()
    WHERE f.last_at + skald_login_wait(f.failures, p_free, p_window) <= skald_now();
    IF FOUND THEN
        RETURN 0;
    END IF;
    RETURN coalesce((
        SELECT greatest(1, f.last_at + skald_login_wait(f.failures, p_free, p_window) - skald_now())
        FROM login_failures f WHERE f.name = p_name), 1);
END $$;
