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
    settings String COMMENT 'Settings in force, JSON: attribution, stages, answers, call_inquiries, staff_hourly_rate, shared_identifiers, opening_hours, holidays, cac_target, reference_cpc, reference_cpv, contribution_margin, baseline_monthly_revenue',
    opening_hours Map(String, Array(String)) COMMENT 'Weekday (mon, …) -> hours open, such as 09:30-19:00, local; empty when not set',
    holidays Array(Date) COMMENT 'Local days on which it is closed',
    cac_target Nullable(Int64) COMMENT 'Most a registration may cost, won; null when not set',
    reference_cpc Nullable(Int64) COMMENT 'What a click would cost if it were paid for, won; null when not set',
    reference_cpv Nullable(Int64) COMMENT 'What a view of a video would cost if it were paid for, won; null when not set',
    contribution_margin Nullable(Float64) COMMENT 'Share of revenue that is left after variable cost; null when not set',
    baseline_monthly_revenue Nullable(Int64) COMMENT 'Revenue a month without marketing, won; null when not set'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH (SELECT groupArray(label) FROM headwater.visible_runs) AS visible
SELECT
    extract(rows.run, '^[^~]*') AS run, site, '' AS branch, name, time_zone, currency, branches, roi_months, payments,
    settings, JSONExtract(settings, 'opening_hours', 'Map(String, Array(String))') AS opening_hours,
    JSONExtract(settings, 'holidays', 'Array(Date)') AS holidays,
    JSONExtract(settings, 'cac_target', 'Nullable(Int64)') AS cac_target,
    JSONExtract(settings, 'reference_cpc', 'Nullable(Int64)') AS reference_cpc,
    JSONExtract(settings, 'reference_cpv', 'Nullable(Int64)') AS reference_cpv,
    JSONExtract(settings, 'contribution_margin', 'Nullable(Float64)') AS contribution_margin,
    JSONExtract(settings, 'baseline_monthly_revenue', 'Nullable(Int64)') AS baseline_monthly_revenue
FROM headwater.newest_site_rows AS rows
WHERE rows.run IN visible
COMMENT 'One site with the settings in force'
