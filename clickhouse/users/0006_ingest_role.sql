-- The worker: writes and reads the private tables, and cannot change them.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE ROLE IF NOT EXISTS headwater_ingest SETTINGS PROFILE 'headwater_ingest_limits'
