-- One row is one touch of a person with a channel.
CREATE TABLE IF NOT EXISTS headwater.touch_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    touch_id String COMMENT 'Id of the touch: the event it begins with',
    person_id String COMMENT 'The person: smallest identifier of the component',
    kind LowCardinality(String) COMMENT 'session, qr_scan, call, message_click, referral or told',
    touched_at DateTime64(6,'UTC') COMMENT 'When it happened, UTC',
    day Date COMMENT 'Local day of the site',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    channel LowCardinality(String) COMMENT 'Channel slug',
    campaign LowCardinality(String) COMMENT 'Campaign slug; empty when none',
    keyword String COMMENT 'Search or tracking keyword; empty when unknown',
    landing_page String COMMENT 'First page of the session; empty when none',
    probable UInt8 COMMENT '1 when the join to the person is probable, not certain',
    told UInt8 COMMENT '1 when the source was told by the customer',
    rule LowCardinality(String) COMMENT 'Name of the rule that set the channel',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, touch_id)
COMMENT 'One touch of a person with a channel'
