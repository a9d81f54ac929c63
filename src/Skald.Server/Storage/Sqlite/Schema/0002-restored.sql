ALTER TABLE server ADD COLUMN restored_at INTEGER;   -- when a backup became this database: no token from before is believed
