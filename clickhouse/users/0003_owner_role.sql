-- Who migrates: owns the database, and the views read the private tables with its rights.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE ROLE IF NOT EXISTS headwater_owner
