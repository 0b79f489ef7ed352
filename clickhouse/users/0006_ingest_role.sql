-- The worker and replays: write and read the private tables, drop the rows of a run, and cannot change the tables.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE ROLE IF NOT EXISTS headwater_ingest SETTINGS PROFILE 'headwater_ingest_limits'
