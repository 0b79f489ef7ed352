-- The worker's user; the password comes as the parameter ingest_password.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE USER IF NOT EXISTS headwater_ingest_user
    IDENTIFIED WITH sha256_password BY {ingest_password:String}
    DEFAULT ROLE headwater_ingest
