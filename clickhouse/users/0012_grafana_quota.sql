-- What Grafana may ask in an hour: ten dashboards of twenty panels, refreshed every minute.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE QUOTA IF NOT EXISTS headwater_grafana KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 12000, read_rows = 20000000000
    TO headwater_grafana
