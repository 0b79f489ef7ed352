-- One row is one call by call_id.
CREATE TABLE IF NOT EXISTS headwater.call_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    call_id String COMMENT 'Id of the call',
    person_id String COMMENT 'The person: smallest identifier of the component',
    started_at DateTime64(6,'UTC') COMMENT 'When it began to ring, UTC',
    day Date COMMENT 'Local day of the site',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    number String COMMENT 'Number dialled, E.164 where it can be read',
    direction LowCardinality(String) COMMENT 'inbound or outbound',
    outcome LowCardinality(String) COMMENT 'answered, missed, abandoned, voicemail, busy or failed',
    talk_seconds UInt32 COMMENT 'Talk, seconds',
    wait_seconds UInt32 COMMENT 'Wait before the talk, seconds',
    subject LowCardinality(String) COMMENT 'new, existing, spam or wrong_number; empty when untagged',
    channel LowCardinality(String) COMMENT 'Channel it counts on; empty when none',
    campaign LowCardinality(String) COMMENT 'Campaign it counts on; empty when none',
    keyword String COMMENT 'Keyword; empty when unknown',
    ad_group String COMMENT 'Ad group; empty when unknown',
    visitor_id String COMMENT 'Visitor joined to it; empty when none',
    probable UInt8 COMMENT '1 when the join is probable, not certain',
    counted UInt8 COMMENT '1 when it counts in calls: inbound, neither spam nor wrong number',
    event_id String COMMENT 'The call_ended that counts',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, call_id)
COMMENT 'One call by call_id'
