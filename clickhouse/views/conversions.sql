-- One row is one conversion with its path.
CREATE OR REPLACE VIEW headwater.conversions
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    conversion_id String COMMENT 'Id of the conversion: lead and stage, or the payment',
    lead_id String COMMENT 'The lead; empty when only the person is known',
    person_id String COMMENT 'The person: smallest identifier of the component',
    stage LowCardinality(String) COMMENT 'Stage reached; also re_registration and payment',
    converted_at DateTime64(6, 'UTC') COMMENT 'When the stage was reached, UTC',
    day Date COMMENT 'Local day of the site',
    event_id String COMMENT 'The event that made the conversion',
    touch_ids Array(String) COMMENT 'Touches on the path in order; empty without any',
    touched_at Array(DateTime64(6, 'UTC')) COMMENT 'Times of the touches, UTC',
    channels Array(String) COMMENT 'Channels of the touches; empty without any',
    campaigns Array(String) COMMENT 'Campaigns of the touches',
    touches UInt32 COMMENT 'Number of touches on the path',
    revenue Int64 COMMENT 'Revenue that follows it, won',
    cash Int64 COMMENT 'All payments that follow it, won'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(conversion.run, '^[^~]*') AS run, site, branch, conversion_id, lead_id, person_id, stage, converted_at, day, event_id,
    if(conversion.touch_ids = [''], [], conversion.touch_ids) AS touch_ids,
    if(conversion.touch_ids = [''], [], conversion.touched_at) AS touched_at,
    if(conversion.touch_ids = [''], [], conversion.channels) AS channels,
    if(conversion.touch_ids = [''], [], conversion.campaigns) AS campaigns,
    toUInt32(if(conversion.touch_ids = [''], 0, length(conversion.touch_ids))) AS touches,
    arraySum(r_last) AS revenue,
    arraySum(c_last) AS cash
FROM headwater.newest_conversion_rows AS conversion
WHERE conversion.run IN visible.1
COMMENT 'One conversion with its path'
