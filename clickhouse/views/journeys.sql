-- One row is one person acquired in a period with the steps of the journey from first touch to renewal, in order of day.
CREATE OR REPLACE VIEW headwater.journeys
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch String COMMENT 'Place of the business: of the earliest lead or stage that has one, else payment, else touch; empty when unknown',
    person_id String COMMENT 'The person: smallest identifier of the component',
    segment String COMMENT 'The channel, service, branch, way of inquiry, month or kind of customer asked by; empty where asked by site or unknown',
    acquired_on Date COMMENT 'Local day of the first touch, stage or payment',
    steps Array(String) COMMENT 'first_touch:<channel>, return (came again before any stage or payment), stages of the site, payment, renewal; those of one local day in this order',
    steps_at Array(DateTime64(6, 'UTC')) COMMENT 'When, UTC, aligned with steps',
    places Array(UInt16) COMMENT 'Usual place of each step: 1 first touch, 2 return, 3 and on the stages of the site, then payment and renewal, aligned with steps',
    ending String COMMENT 'finished with a renewal; left: no further step, and given up or unseen for the 30 days up to the end of the site''s record; else under_way',
    given_up UInt8 COMMENT '1 when every lead of the person stands at lost or dormant',
    last_on Date COMMENT 'Local day of the last touch, stage or payment'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    throwIf(
        NOT has(['site', 'channel', 'service', 'branch', 'via', 'cohort', 'customer'], {by:String}),
        'by is site, channel, service, branch, via, cohort or customer'
    ) AS refused,
    -- (local day, usual place, name, when): within a day the usual order counts, as much is known by its day alone; the
    -- first touch comes first whatever else is of its instant.
    arrayConcat(
        [(acquired_on, 1, concat('first_touch:', channel), acquired_at)],
        arraySort(arrayConcat(
            if(
                channel != 'unattributed' AND returned_at IS NOT NULL
                    AND arrayAll(one -> returned_at < one, stages_at) AND (first_paid_at IS NULL OR returned_at < first_paid_at),
                [(assumeNotNull(returned_on), 2, 'return', assumeNotNull(returned_at))], []
            ),
            arrayMap((stage, day, at) -> (day, 2 + indexOf(site_stages, stage), stage, at), stages, stages_on, stages_at),
            if(
                first_paid_at IS NULL, [],
                [(assumeNotNull(first_paid_on), length(site_stages) + 3, 'payment', assumeNotNull(first_paid_at))]
            ),
            if(
                renewed_at IS NULL, [],
                [(assumeNotNull(renewed_on), length(site_stages) + 4, 'renewal', assumeNotNull(renewed_at))]
            )
        ))
    ) AS walked
SELECT
    site, person.branch AS branch, person_id,
    multiIf(
        {by:String} = 'channel', channel,
        {by:String} = 'service', service,
        {by:String} = 'branch', person.branch,
        {by:String} = 'via', via,
        {by:String} = 'cohort', toString(cohort),
        {by:String} = 'customer', multiIf(
            NOT customer, 'prospect', given_up, 'dormant', renewed_at IS NULL, 'new', 'repeat'
        ),
        ''
    ) AS segment,
    acquired_on,
    arrayMap(one -> one.3, walked) AS steps,
    arrayMap(one -> one.4, walked) AS steps_at,
    arrayMap(one -> toUInt16(one.2), walked) AS places,
    multiIf(
        renewed_at IS NOT NULL, 'finished',
        given_up OR last_on + 30 < recorded_until, 'left',
        'under_way'
    ) AS ending,
    given_up, last_on
FROM headwater.people(sites = {sites:Array(String)}, branches = {branches:Array(String)}, run = {run:String}) AS person
WHERE refused = 0 AND acquired_on BETWEEN {since:Date} AND {until:Date}
COMMENT 'One person acquired in a period with the steps of the journey from first touch to renewal, in order of day'
