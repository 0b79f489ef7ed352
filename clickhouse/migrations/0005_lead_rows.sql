-- One row is one lead with its first touch and its stages.
CREATE TABLE IF NOT EXISTS headwater.lead_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    lead_key String COMMENT 'The lead_id, else the person',
    lead_id String COMMENT 'The lead; empty when only the person is known',
    person_id String COMMENT 'The person: smallest identifier of the component',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    service String COMMENT 'Service asked for; empty when unknown',
    via LowCardinality(String) COMMENT 'How the inquiry came: phone, web_form, kakao and so on',
    stage LowCardinality(String) COMMENT 'Newest stage, lost and dormant among them',
    first_touch_id String COMMENT 'The person''s first touch; empty when none',
    first_touch_at Nullable(DateTime64(6,'UTC')) COMMENT 'Time of the first touch, UTC',
    first_touch_channel LowCardinality(String) COMMENT 'Channel of the first touch; empty when none',
    first_touch_campaign LowCardinality(String) COMMENT 'Campaign of the first touch; empty when none',
    inquiry_at Nullable(DateTime64(6,'UTC')) COMMENT 'When inquiry was reached, UTC',
    consult_at Nullable(DateTime64(6,'UTC')) COMMENT 'When consult was reached, UTC',
    registration_at Nullable(DateTime64(6,'UTC')) COMMENT 'When registration was reached, UTC',
    paid Int64 COMMENT 'Payments so far, won',
    cohort Nullable(Date) COMMENT 'First day of the month of the inquiry, local',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, lead_key)
COMMENT 'One lead with its first touch and its stages'
