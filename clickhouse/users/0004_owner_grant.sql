-- All that migrate.py does, and nothing outside the database but the list of its tables.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
GRANT
    CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP VIEW, ALTER TABLE, ALTER VIEW, SELECT, INSERT, TRUNCATE, SHOW
ON headwater.* TO headwater_owner
