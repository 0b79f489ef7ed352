-- One row is one thing a person did, or was sent or shown, that is no touch.
CREATE OR REPLACE VIEW headwater.activities
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    event_id String COMMENT 'The event',
    type LowCardinality(String) COMMENT 'message_tracked, content_engaged, experiment_assigned, invitation_sent, referral_made or contact_clicked',
    happened_at DateTime64(6, 'UTC') COMMENT 'When it happened, UTC',
    day Date COMMENT 'Local day of the site',
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
    length_seconds Nullable(Float64) COMMENT 'Length of the video, seconds; null when not said'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH (SELECT groupArray(label) FROM headwater.visible_runs) AS visible
SELECT
    extract(rows.run, '^[^~]*') AS run, site, branch, event_id, type, happened_at, day, person_id, visitor_id,
    lead_id, subject, action, medium, campaign, segment, experiment, variant, call_id, referrer, value,
    watched_seconds, length_seconds
FROM headwater.newest_activity_rows AS rows
WHERE rows.run IN visible
COMMENT 'One thing a person did, or was sent or shown, that is no touch'
