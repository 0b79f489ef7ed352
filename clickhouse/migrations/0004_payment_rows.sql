-- One row is one payment and the conversion it follows.
CREATE TABLE IF NOT EXISTS headwater.payment_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    payment_id String COMMENT 'Event id of the payment',
    paid_at DateTime64(6,'UTC') COMMENT 'When it was approved, UTC',
    day Date COMMENT 'Local day of the site',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    lead_id String COMMENT 'The lead it belongs to; empty when only the person is known',
    person_id String COMMENT 'The person: smallest identifier of the component',
    amount Int64 COMMENT 'Whole won (or units of currency); a refund is negative',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    funding LowCardinality(String) COMMENT 'self, voucher, education_office or other; empty when unknown',
    service String COMMENT 'Service paid for; empty when unknown',
    conversion_id String COMMENT 'The conversion it follows',
    in_revenue UInt8 COMMENT '1 when it counts in revenue, 0 when in cash only',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, payment_id)
COMMENT 'One payment and the conversion it follows'
