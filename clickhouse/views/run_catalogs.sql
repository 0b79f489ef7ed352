-- One row is one run with the catalog entries that counted in it.
CREATE OR REPLACE VIEW headwater.run_catalogs
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    catalog_hash String COMMENT 'SHA-256 of catalog, hex',
    catalog String COMMENT 'Every catalog entry that counted, canonical JSON, one a line, sorted'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT run, catalog_hash, catalog
FROM headwater.run_rows FINAL
WHERE NOT position(run, '~')
COMMENT 'One run with the catalog entries that counted in it'
