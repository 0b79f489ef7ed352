-- One row is one person in an experiment: the variant got first, and whether the metric followed within the window.
CREATE OR REPLACE VIEW headwater.experiment_subjects
(
    run String COMMENT 'Name of the run; the worker''s own is live',
    site String COMMENT 'Slug of the business',
    branch String COMMENT 'Slug of the place of the business where it was assigned; empty when unknown',
    experiment String COMMENT 'Id of the experiment',
    person_id String COMMENT 'The person: smallest identifier of the component',
    variant String COMMENT 'Variant of the earliest assignment within the experiment''s days',
    assigned_at DateTime64(6, 'UTC') COMMENT 'When it was assigned, UTC',
    assigned_on Date COMMENT 'Local day of the assignment',
    event_id String COMMENT 'The event that assigned it',
    window_ends_at DateTime64(6, 'UTC') COMMENT 'Until when the metric counts, itself included, UTC',
    judged_on Date COMMENT 'First local day on which the window is over for certain: the person counts from then on',
    crossed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When another variant was met within the window, UTC; null when never',
    crossed UInt8 COMMENT '1 when another variant was met within the window: the person is apart',
    customer_already UInt8 COMMENT '1 when the person had got as far as the metric asks before the assignment, and is apart',
    converted_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the metric was first reached within the window, UTC; null when not',
    converted UInt8 COMMENT '1 when the metric was reached within the window'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (SELECT if(count() = 0, '', max(label)) FROM headwater.visible_runs WHERE run = {run:String}) AS asked_label,
    -- The experiments asked for, found once.
    (
        SELECT groupArray((
            site, experiment, counted_as, customers_after, variants, assigned_by, campaign, ifNull(starts_on, toDate('1970-01-01')),
            ifNull(ends_on, toDate('2149-06-06')), window_days
        ))
        FROM headwater.experiments
        WHERE run = {run:String} AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
    ) AS asked,
    arrayDistinct(asked.1) AS asked_sites,
    arrayDistinct(arrayMap(one -> one.1, arrayFilter(one -> one.6 != 'event', asked))) AS visited_sites,
    arrayDistinct(arrayMap(one -> one.1, arrayFilter(one -> one.6 = 'utm_content', asked))) AS versioned_sites,
    -- Goals of a page among what they count, their conditions as the rules of channels compare: NFC, no blanks at the ends, any case.
    (
        SELECT groupArray((
            site, id,
            arrayMap(
                one -> (
                    one.1, caseFoldUTF8(replaceRegexpAll(normalizeUTF8NFC(ifNull(one.2, one.3)), '^\\s+|\\s+$', '')), isNotNull(one.2)
                ),
                JSONExtract(definition, 'rules', 'Array(Tuple(field String, equals Nullable(String), contains Nullable(String)))')
            )
        ))
        FROM headwater.newest_definition_rows
        WHERE run = asked_label AND kind = 'goal'
            AND has(arrayFlatten(arrayMap(one -> arrayMap(counted -> (one.1, counted), one.3), asked)), (site, concat('page:', id)))
    ) AS page_goals,
    assigned AS
    (
        SELECT
            site, experiment, person_id, happened_at AS at, event_id, variant, branch, day, plan.3 AS counted_as, plan.4 AS customers_after,
            plan.10 AS window_days
        FROM headwater.newest_activity_rows AS activity
        INNER JOIN
        (
            SELECT arrayJoin(asked) AS plan, plan.1 AS site, plan.2 AS experiment
        ) AS planned USING (site, experiment)
        WHERE run = asked_label AND type IN ('experiment_assigned', 'message_tracked') AND variant != '' AND plan.6 = 'event'
            AND day BETWEEN plan.8 AND plan.9
        UNION ALL
        SELECT
            site, plan.2 AS experiment, person_id, touched_at AS at, touch_id AS event_id,
            if(plan.6 = 'utm_content', arrayFirst(one -> normalizeUTF8NFC(one) = utm_content, plan.5), arrayFirst(
                one -> replaceRegexpOne(replaceRegexpOne(one, '^https?://', ''), '/+$', '') IN (landing, if(startsWith(one, '/'), path, landing)),
                plan.5
            )) AS variant,
            branch, day, plan.3, plan.4, plan.10
        FROM
        (
            SELECT
                site, touch_id, person_id, touched_at, day, branch, campaign,
                replaceRegexpOne(replaceRegexpOne(decodeURLComponent(cutQueryStringAndFragment(landing_page)), '^https?://', ''), '/+$', '') AS landing,
                if(position(landing, '/') = 0, '', substring(landing, position(landing, '/'))) AS path,
                arrayJoin(arrayFilter(one -> one.1 = site AND one.6 != 'event', asked)) AS plan
            FROM headwater.newest_touch_rows
            WHERE run = asked_label AND kind = 'session' AND has(visited_sites, site)
        ) AS session
        LEFT JOIN
        (
            -- What a visit says of its ad version: the field of the event first, else the address.
            SELECT
                site, event_id AS touch_id, JSONExtractString(payload, 'utm_content') AS field,
                trimBoth(normalizeUTF8NFC(toValidUTF8(if(
                    field = '', decodeURLFormComponent(extractURLParameter(JSONExtractString(payload, 'url'), 'utm_content')), field
                )))) AS utm_content
            FROM headwater.event_archive FINAL
            WHERE type = 'visit_seen' AND has(versioned_sites, site) AND position(payload, 'utm_content') > 0
        ) AS said USING (site, touch_id)
        WHERE has(plan.5, variant) AND plan.7 IN ('', campaign) AND day BETWEEN plan.8 AND plan.9
    ),
    people AS
    (
        SELECT
            site, experiment, person_id, any(counted_as) AS counts, any(customers_after) AS apart_after,
            arraySort(groupArray((at, event_id, variant, branch, day))) AS steps,
            addDays(steps[1].1, any(window_days)) AS ends_at, steps[1].5 + any(window_days) + 1 AS judged_on,
            arrayFirst(one -> one.3 != steps[1].3 AND one.1 <= ends_at, steps).1 AS crossed_at
        FROM assigned
        GROUP BY site, experiment, person_id
    ),
    -- Everything that can be a metric: what, when, and (a call conversion) since when the person must have been assigned.
    reached AS
    (
        SELECT site, person_id, concat('stage:', stage) AS what, converted_at AS at, converted_at AS since
        FROM headwater.newest_conversion_rows
        WHERE run = asked_label AND has(asked_sites, site)
        UNION ALL
        SELECT site, person_id, 'payment', paid_at, paid_at
        FROM headwater.newest_payment_rows
        WHERE run = asked_label AND amount > 0 AND has(asked_sites, site)
        UNION ALL
        SELECT site, person_id, 'call', started_at, started_at
        FROM headwater.newest_call_rows
        WHERE run = asked_label AND counted = 1 AND subject != 'existing'
            AND has(asked_sites, site)
        UNION ALL
        SELECT site, person_id, 'call_conversion', converted_at, started_at
        FROM
        (
            SELECT site, person_id, converted_at
            FROM headwater.newest_conversion_rows
            WHERE run = asked_label AND stage = 'registration' AND has(asked_sites, site)
        ) AS registered
        ASOF INNER JOIN
        (
            SELECT site, person_id, started_at
            FROM headwater.newest_call_rows
            WHERE run = asked_label AND counted = 1 AND subject != 'existing' AND has(asked_sites, site)
        ) AS called ON registered.site = called.site AND registered.person_id = called.person_id AND registered.converted_at > called.started_at
        UNION ALL
        SELECT
            site, person_id,
            multiIf(
                type = 'contact_clicked', 'contact_clicked',
                type = 'message_tracked', concat(action, ':', experiment),
                action = 'goal', concat('content:', subject),
                action
            ) AS what,
            happened_at, happened_at
        FROM headwater.newest_activity_rows
        WHERE run = asked_label AND has(asked_sites, site)
            AND type IN ('contact_clicked', 'content_engaged', 'message_tracked')
        UNION ALL
        SELECT site, person_id, concat('page:', addressed.goal), seen_at, seen_at
        FROM
        (
            SELECT
                site, person_id, seen_at,
                mapApply(
                    (field, part) -> (field, caseFoldUTF8(replaceRegexpAll(normalizeUTF8NFC(part), '^\\s+|\\s+$', ''))),
                    map('url', url, 'url_host', host, 'url_path', path, 'url_query', extract(url, '^[^?#]*\\?([^#]*)'))
                ) AS parts
            FROM headwater.hits
            WHERE run = {run:String} AND has(page_goals.1, site)
        ) AS seen
        INNER JOIN (SELECT arrayJoin(page_goals) AS one, one.1 AS site, one.2 AS goal, one.3 AS conditions) AS addressed USING (site)
        WHERE arrayAll(
            condition -> if(condition.3, parts[condition.1] = condition.2, position(parts[condition.1], condition.2) > 0), conditions
        )
    )
SELECT
    {run:String} AS run, site, any(place) AS branch, experiment, person_id, any(got) AS variant, any(began_at) AS assigned_at,
    any(began_on) AS assigned_on, any(by_event) AS event_id, any(ends_at) AS window_ends_at, any(counts_from) AS judged_on,
    any(met_at) AS crossed_at, toUInt8(isNotNull(crossed_at)) AS crossed,
    toUInt8(max(toUnixTimestamp64Micro(at) != 0 AND has(apart_after, what) AND at < began_at)) AS customer_already,
    minOrNullIf(at, has(counts, what) AND since >= began_at AND at <= ends_at) AS converted_at,
    toUInt8(isNotNull(converted_at)) AS converted
FROM
(
    SELECT
        site, experiment, person_id, counts, apart_after, ends_at, judged_on AS counts_from,
        steps[1].1 AS began_at, steps[1].2 AS by_event, steps[1].3 AS got, steps[1].4 AS place, steps[1].5 AS began_on,
        if(toUnixTimestamp64Micro(crossed_at) = 0, NULL, crossed_at) AS met_at, what
    FROM people
    LEFT ARRAY JOIN arrayDistinct(arrayConcat(counts, apart_after)) AS what
) AS person
LEFT JOIN reached USING (site, person_id, what)
GROUP BY site, experiment, person_id
COMMENT 'One person in an experiment: the variant got first, and whether the metric followed within the window'
