-- Grafana's data source: the public views only, read-only. Whoever may view a dashboard may send any query this role may.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE ROLE IF NOT EXISTS headwater_grafana SETTINGS PROFILE 'headwater_reader_limits'
