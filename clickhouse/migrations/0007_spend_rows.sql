-- One row is one spend, the newest of its spend_id, spread over its days.
CREATE TABLE IF NOT EXISTS headwater.spend_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    spend_id String COMMENT 'Id of the spend',
    channel LowCardinality(String) COMMENT 'Channel slug; empty when it belongs to none',
    campaign LowCardinality(String) COMMENT 'Campaign slug; empty when none',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    kind LowCardinality(String) COMMENT 'media, agency, staff, reward, sales, tool, upkeep or training',
    first_day Date COMMENT 'First local day of the period',
    amounts Array(Int64) COMMENT 'Cost of each day from first_day, won, VAT included',
    clicks Nullable(Int64) COMMENT 'Clicks of the whole period',
    impressions Nullable(Int64) COMMENT 'Impressions of the whole period',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, spend_id)
COMMENT 'One spend, the newest of its spend_id, spread over its days'
