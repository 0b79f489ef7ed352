-- One row is one touch of a person with a channel.
CREATE OR REPLACE VIEW headwater.touches
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    touch_id String COMMENT 'Id of the touch: the event it begins with',
    person_id String COMMENT 'The person: smallest identifier of the component',
    kind LowCardinality(String) COMMENT 'session, qr_scan, call, message_click, referral or told',
    touched_at DateTime64(6, 'UTC') COMMENT 'When it happened, UTC',
    day Date COMMENT 'Local day of the site',
    channel LowCardinality(String) COMMENT 'Channel slug',
    campaign LowCardinality(String) COMMENT 'Campaign slug; empty when none',
    keyword String COMMENT 'Keyword; empty when unknown',
    landing_page String COMMENT 'First page of the session; empty when none',
    probable UInt8 COMMENT '1 when the join to the person is probable, not certain',
    told UInt8 COMMENT '1 when the source was told by the customer',
    rule LowCardinality(String) COMMENT 'Name of the rule that set the channel'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(touch.run, '^[^~]*') AS run, site, branch, touch_id, person_id, kind, touched_at, day, channel, campaign, keyword,
    landing_page, probable, told, rule
FROM headwater.newest_touch_rows AS touch
WHERE touch.run IN visible.1
COMMENT 'One touch of a person with a channel'
