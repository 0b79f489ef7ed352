-- The analysts' user; the password comes as the parameter analyst_password.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE USER IF NOT EXISTS headwater_analyst_user
    IDENTIFIED WITH sha256_password BY {analyst_password:String}
    DEFAULT ROLE headwater_analyst
    SETTINGS PROFILE 'headwater_reader_limits'
