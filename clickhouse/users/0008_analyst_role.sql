-- People with SQL: the public views only, read-only.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE ROLE IF NOT EXISTS headwater_analyst SETTINGS PROFILE 'headwater_reader_limits'
