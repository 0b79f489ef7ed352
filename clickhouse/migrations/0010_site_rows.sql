-- One row is one site with the settings that decide its figures.
CREATE TABLE IF NOT EXISTS headwater.site_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    name String COMMENT 'Name for people',
    time_zone LowCardinality(String) COMMENT 'IANA time zone whose days count',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    branches Array(String) COMMENT 'Slugs of the declared branches',
    ltv_months Nullable(Float64) COMMENT 'Average months of use; null when not set',
    ltv_monthly_revenue Nullable(Float64) COMMENT 'Average monthly revenue, won; null when not set',
    roi_months Nullable(UInt32) COMMENT 'Months after registration whose payments count in revenue; all when null',
    threshold_stop Float64 COMMENT 'ROI below which the action is stop, ratio',
    threshold_increase Float64 COMMENT 'ROI from which the action is increase, ratio',
    threshold_too_little Float64 COMMENT 'Registrations (or spend over site CAC) below which there is too little data',
    payments UInt64 COMMENT 'Number of payments of the site ever',
    settings String COMMENT 'All settings in force, JSON',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site)
COMMENT 'One site with the settings that decide its figures'
