-- One row is one tag that an outside speech analysis gave one call.
CREATE OR REPLACE VIEW headwater.call_tags
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    call_id String COMMENT 'Id of the call',
    tag String COMMENT 'Tag as it was sent, once a call',
    person_id String COMMENT 'The person: smallest identifier of the component',
    started_at DateTime64(6, 'UTC') COMMENT 'When it began to ring, UTC',
    day Date COMMENT 'Local day of the site',
    direction LowCardinality(String) COMMENT 'inbound or outbound',
    outcome LowCardinality(String) COMMENT 'answered, missed, abandoned, voicemail, busy or failed',
    subject LowCardinality(String) COMMENT 'new, existing, spam or wrong_number; empty when untagged by a person',
    channel LowCardinality(String) COMMENT 'Channel the call counts on; empty when none',
    campaign LowCardinality(String) COMMENT 'Campaign the call counts on; empty when none',
    counted UInt8 COMMENT '1 when the call counts in calls: inbound, neither spam nor wrong number',
    event_id String COMMENT 'The call_ended that counts'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH (SELECT groupArray(label) FROM headwater.visible_runs) AS visible
SELECT
    extract(said.run, '^[^~]*') AS run, site, branch, call_id, arrayJoin(tags) AS tag, person_id, started_at, day, direction,
    outcome, subject, channel, campaign, counted, event_id
FROM headwater.newest_call_rows AS said
INNER JOIN
(
    SELECT
        site, event_id,
        arrayDistinct(arrayFilter(one -> one != '', arrayMap(
            one -> trimBoth(one), JSONExtract(payload, 'tags', 'Array(String)')
        ))) AS tags
    FROM headwater.event_archive FINAL
    WHERE type = 'call_ended' AND position(payload, '"tags"') > 0
) AS tagged USING (site, event_id)
WHERE said.run IN visible
COMMENT 'One tag that an outside speech analysis gave one call'
