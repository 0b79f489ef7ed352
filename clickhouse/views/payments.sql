-- One row is one payment and the conversion it follows.
CREATE OR REPLACE VIEW headwater.payments
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    payment_id String COMMENT 'Event id of the payment',
    paid_at DateTime64(6, 'UTC') COMMENT 'When it was approved, UTC',
    day Date COMMENT 'Local day of the site',
    lead_id String COMMENT 'The lead; empty when only the person is known',
    person_id String COMMENT 'The person: smallest identifier of the component',
    amount Int64 COMMENT 'Whole won (or units of currency); a refund is negative',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    funding LowCardinality(String) COMMENT 'self, voucher, education_office or other; empty when unknown',
    service String COMMENT 'Service paid for; empty when unknown',
    conversion_id String COMMENT 'The conversion it follows',
    in_revenue UInt8 COMMENT '1 when it counts in revenue, 0 when in cash only'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(payment.run, '^[^~]*') AS run, site, branch, payment_id, paid_at, day, lead_id, person_id, amount, currency, funding,
    service, conversion_id, in_revenue
FROM headwater.newest_payment_rows AS payment
WHERE payment.run IN visible.1
COMMENT 'One payment and the conversion it follows'
