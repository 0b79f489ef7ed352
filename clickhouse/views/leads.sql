-- One row is one lead with its first touch and its stages.
CREATE OR REPLACE VIEW headwater.leads
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    lead_key String COMMENT 'The lead_id, else the person',
    lead_id String COMMENT 'The lead; empty when only the person is known',
    person_id String COMMENT 'The person: smallest identifier of the component',
    service String COMMENT 'Service asked for; empty when unknown',
    via LowCardinality(String) COMMENT 'How the inquiry came: phone, web_form, kakao and so on',
    stage LowCardinality(String) COMMENT 'Newest stage, lost and dormant among them',
    first_touch_id String COMMENT 'First touch; empty when none',
    first_touch_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Time of the first touch, UTC',
    first_touch_channel LowCardinality(String) COMMENT 'Channel of the first touch; empty when none',
    first_touch_campaign LowCardinality(String) COMMENT 'Campaign of the first touch; empty when none',
    inquiry_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When inquiry was reached, UTC; null when not yet',
    consult_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When consult was reached, UTC; null when not yet',
    registration_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When registration was reached, UTC; null when not yet',
    paid Int64 COMMENT 'Payments so far, won',
    cohort Nullable(Date) COMMENT 'First day of the month of the inquiry, local'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(lead.run, '^[^~]*') AS run, site, branch, lead_key, lead_id, person_id, service, via, stage, first_touch_id,
    first_touch_at, first_touch_channel, first_touch_campaign, inquiry_at, consult_at,
    registration_at, paid, cohort
FROM headwater.newest_lead_rows AS lead
WHERE lead.run IN visible.1
COMMENT 'One lead with its first touch and its stages'
