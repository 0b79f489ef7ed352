-- What one analyst may ask in an hour.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE QUOTA IF NOT EXISTS headwater_analyst KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 600, read_rows = 1000000000
    TO headwater_analyst
