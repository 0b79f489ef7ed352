-- One for each tenant, if there are several: the parameter tenant_user is headwater_tenant_ and the site's slug.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE USER IF NOT EXISTS {tenant_user:Identifier}
    IDENTIFIED WITH sha256_password BY {tenant_password:String}
    DEFAULT ROLE headwater_tenant
    SETTINGS PROFILE 'headwater_reader_limits'
