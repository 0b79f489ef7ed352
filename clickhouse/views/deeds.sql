-- One row is one thing a person did that may be a coming back or a goal: a visit, a payment, a stage, a content's goal (private).
CREATE OR REPLACE VIEW headwater.deeds
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    person_id String COMMENT 'The person: smallest identifier of the component',
    deed String COMMENT 'visit, payment, stage: and its slug, or content: and its name',
    deed_id String COMMENT 'The touch, the payment, the conversion or the event',
    at DateTime64(6, 'UTC') COMMENT 'When, UTC',
    day Date COMMENT 'Local day of the site',
    amount Int64 COMMENT 'Whole won of a payment; a refund is negative, 0 for all else',
    lead_key String COMMENT 'Lead of a payment or stage, else the person',
    service String COMMENT 'Service a payment names; empty for all else'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH (SELECT groupArray(label) FROM headwater.visible_runs) AS visible
SELECT
    extract(touch.run, '^[^~]*') AS run, site, branch, person_id, 'visit' AS deed, touch_id AS deed_id, touched_at AS at,
    day, toInt64(0) AS amount, '' AS lead_key, '' AS service
FROM headwater.newest_touch_rows AS touch
WHERE touch.run IN visible AND kind IN ('session', 'qr_scan', 'call')
UNION ALL
SELECT
    extract(payment.run, '^[^~]*'), site, branch, person_id, 'payment', payment_id, paid_at, day, amount,
    if(lead_id = '', person_id, lead_id), service
FROM headwater.newest_payment_rows AS payment
WHERE payment.run IN visible
UNION ALL
SELECT
    extract(reached.run, '^[^~]*'), site, branch, person_id, concat('stage:', stage), conversion_id, converted_at, day, 0,
    if(lead_id = '', person_id, lead_id), ''
FROM headwater.newest_conversion_rows AS reached
WHERE reached.run IN visible AND stage != 'payment'
UNION ALL
SELECT
    extract(engaged.run, '^[^~]*'), site, branch, person_id, concat('content:', subject), event_id, happened_at, day, 0, '', ''
FROM headwater.newest_activity_rows AS engaged
WHERE engaged.run IN visible AND type = 'content_engaged' AND action = 'goal'
COMMENT 'One thing a person did that may be a coming back or a goal: a visit, a payment, a stage, a content''s goal (private)'
