-- One row is one call by call_id.
CREATE OR REPLACE VIEW headwater.calls
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    call_id String COMMENT 'Id of the call',
    person_id String COMMENT 'The person: smallest identifier of the component',
    started_at DateTime64(6, 'UTC') COMMENT 'When it began to ring, UTC',
    day Date COMMENT 'Local day of the site',
    number String COMMENT 'Number dialled',
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
    event_id String COMMENT 'The call_ended that counts'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(call.run, '^[^~]*') AS run, site, branch, call_id, person_id, started_at, day, number, direction, outcome,
    talk_seconds, wait_seconds, subject, channel, campaign, keyword, ad_group, visitor_id, probable,
    counted, event_id
FROM headwater.newest_call_rows AS call
WHERE call.run IN visible.1
COMMENT 'One call by call_id'
