-- Dropping a run waits here for the queries that began before, so that none of them sees a part of it.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
GRANT SELECT ON system.processes TO headwater_ingest
