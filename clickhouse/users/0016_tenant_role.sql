-- Readers of one site where several businesses share a server: the public views that have a site.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE ROLE IF NOT EXISTS headwater_tenant SETTINGS PROFILE 'headwater_reader_limits'
