-- One row is one site with the settings in force.
CREATE OR REPLACE VIEW headwater.sites
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    name String COMMENT 'Name for people',
    time_zone LowCardinality(String) COMMENT 'IANA time zone whose days count',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    branches Array(String) COMMENT 'Slugs of the declared branches',
    roi_months Nullable(UInt32) COMMENT 'Months after registration whose payments count in revenue; all when null',
    payments UInt64 COMMENT 'Number of payments of the site ever',
    settings String COMMENT 'Settings in force, JSON: attribution, stages, answers, call_inquiries, staff_hourly_rate, shared_identifiers'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH (SELECT groupArray(label) FROM headwater.visible_runs) AS visible
SELECT
    extract(rows.run, '^[^~]*') AS run, site, '' AS branch, name, time_zone, currency, branches, roi_months, payments,
    settings
FROM headwater.newest_site_rows AS rows
WHERE rows.run IN visible
COMMENT 'One site with the settings in force'
