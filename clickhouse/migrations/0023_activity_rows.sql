-- One row is one thing a person did, or was sent or shown, that is no touch.
CREATE TABLE IF NOT EXISTS headwater.activity_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    event_id String COMMENT 'The event',
    type LowCardinality(String) COMMENT 'message_tracked, content_engaged, experiment_assigned, invitation_sent, referral_made or contact_clicked',
    happened_at DateTime64(6,'UTC') COMMENT 'When it happened, UTC',
    day Date COMMENT 'Local day of the site',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    person_id String COMMENT 'The person: smallest identifier of the component',
    visitor_id String COMMENT 'Visitor it names; empty when none',
    lead_id String COMMENT 'Lead it names; empty when none',
    subject String COMMENT 'Id of the message, the content or the experiment; empty when none',
    action LowCardinality(String) COMMENT 'What became of the message, the kind of content, or the way of contact; empty when none',
    medium LowCardinality(String) COMMENT 'Medium of the message; empty when none',
    campaign String COMMENT 'Campaign of the message, by its id where an alias was said; empty when none',
    segment String COMMENT 'Segment the message was sent to; empty when none',
    experiment String COMMENT 'Experiment it is part of; empty when none',
    variant String COMMENT 'Variant of the experiment; empty when none',
    call_id String COMMENT 'Call it names; empty when none',
    referrer String COMMENT 'Who invited or referred, as kind:value; empty when none',
    value Nullable(Float64) COMMENT 'Worth said with the content, won; null when none',
    watched_seconds Nullable(Float64) COMMENT 'How much of a video was watched, seconds; null when not said',
    length_seconds Nullable(Float64) COMMENT 'Length of the video, seconds; null when not said',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, event_id)
COMMENT 'One thing a person did, or was sent or shown, that is no touch'
