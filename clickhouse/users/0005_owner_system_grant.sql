-- column_comments reads the declarations of the views here.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
GRANT SELECT ON system.tables TO headwater_owner
