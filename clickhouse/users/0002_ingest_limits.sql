-- How the worker writes: synchronous, and never swallowed as a duplicate (a rewritten chunk may look like one).
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE SETTINGS PROFILE IF NOT EXISTS headwater_ingest_limits SETTINGS
    async_insert = 0 CONST,
    insert_deduplicate = 0 CONST,
    max_memory_usage = 8000000000
