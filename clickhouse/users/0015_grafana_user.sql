-- Grafana's user; the password comes as the parameter grafana_password.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE USER IF NOT EXISTS headwater_grafana_user
    IDENTIFIED WITH sha256_password BY {grafana_password:String}
    DEFAULT ROLE headwater_grafana
    SETTINGS PROFILE 'headwater_reader_limits'
