-- One row is one session with the pages it saw and the goals it reached (private).
-- A goal is reached once a session, at the earliest of: a page that its rules fit, content of its list, a conversion of its
-- stage. What no page says belongs to the person's session begun last of those that run then, 1,800 s after the last page
-- included; where none runs it is no goal of a session.
CREATE OR REPLACE VIEW headwater.session_goals
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch String COMMENT 'Slug of the place of the session; empty when unknown',
    session_id String COMMENT 'The session: its touch_id, the event it begins with',
    person_id String COMMENT 'The person of the session: smallest identifier of the component',
    channel String COMMENT 'Channel slug of the session',
    campaign String COMMENT 'Campaign slug of the session; empty when none',
    day Date COMMENT 'Local day on which the session began',
    seen Array(Tuple(DateTime64(6, 'UTC'), String, String)) COMMENT 'Its pages in order: when, event, page',
    goals Array(Tuple(String, DateTime64(6, 'UTC'), String, Nullable(Float64))) COMMENT 'Goals reached: goal, when, event, value in won'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- The label whose rows are the asked run's; none when there is no such run.
    (SELECT max(label) FROM headwater.visible_runs WHERE run = {run:String}) AS asked_label
SELECT
    site, session.4 AS branch, session.2 AS session_id, person_id, session.5 AS channel, session.6 AS campaign,
    session.7 AS day, arrayMap(hit -> (hit.1, hit.2, concat(hit.4, hit.5)), session.8) AS seen,
    -- the earliest of each goal, which is the first of its name
    arraySort(
        one -> (one.2, one.3, one.1),
        arrayFilter(
            (one, before) -> one.1 != before,
            arraySort(arrayConcat(
                arrayMap(one -> one.1, arrayFilter(one -> one.2 = number, placed)),
                arrayFlatten(arrayMap(
                    goal -> arrayMap(
                        hit -> (goal.1, hit.1, hit.2, goal.2),
                        arrayFilter(
                            hit -> arrayAll(
                                condition -> (
                                    caseFoldUTF8(replaceRegexpAll(
                                        normalizeUTF8NFC(multiIf(
                                            condition.1 = 'url', hit.3,
                                            condition.1 = 'url_host', hit.4,
                                            condition.1 = 'url_path', hit.5,
                                            extract(hit.3, '^[^?#]*\\?([^#]*)')
                                        )),
                                        '^\\s+|\\s+$', ''
                                    )) AS part,
                                    (condition.2 IS NULL OR part = condition.2)
                                        AND (condition.3 IS NULL OR position(part, assumeNotNull(condition.3)) > 0)
                                ).2,
                                goal.5
                            ),
                            session.8
                        )
                    ),
                    arrayFilter(goal -> notEmpty(goal.5), goals)
                ))
            )) AS reached,
            arrayPopBack(arrayPushFront(arrayMap(one -> one.1, reached), ''))
        )
    ) AS goals
FROM
(
    SELECT
        site, person_id, sessions, wanted.goals AS goals,
        arrayMap(session -> (session.1, session.2, session.3), sessions) AS spans,
        -- What no page says, with the number of its session.
        arrayMap(
            one -> (
                one,
                arrayLastIndex(
                    span -> (span.1, span.2) <= (one.2, one.3) AND one.2 <= span.3 + toIntervalSecond(1800), spans
                )
            ),
            arrayFlatten(arrayMap(
                goal -> arrayMap(
                    one -> (goal.1, one.3, one.4, coalesce(goal.2, one.5)),
                    arrayFilter(one -> if(one.1 = 'stage', one.2 = goal.3, has(goal.4, one.2)), said)
                ),
                goals
            ))
        ) AS placed
    FROM
    (
        SELECT
            site, person_id,
            arraySort(groupArray((hits[1].1, session_id, hits[-1].1, branch, channel, campaign, day, hits))) AS sessions
        FROM
        (
            SELECT
                site, person_id, session_id, any(branch) AS branch, any(channel) AS channel,
                any(campaign) AS campaign, any(day) AS day,
                arraySort(groupArray((seen_at, event_id, url, host, path))) AS hits
            FROM headwater.hits
            WHERE run = {run:String} AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            GROUP BY site, person_id, session_id
        )
        GROUP BY site, person_id
    ) AS people
    LEFT JOIN
    (
        -- Nobody reaches a thousand goals: the first thousand are enough of a program that says so.
        SELECT site, person_id, arraySlice(arraySort(one -> (one.3, one.4), groupArray((kind, named, at, event_id, worth))), 1, 1000) AS said
        FROM
        (
            SELECT
                site, person_id, 'stage' AS kind, toString(stage) AS named, converted_at AS at, event_id,
                CAST(NULL, 'Nullable(Float64)') AS worth
            FROM headwater.newest_conversion_rows
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            UNION ALL
            SELECT site, person_id, 'content', subject, happened_at, event_id, value
            FROM headwater.newest_activity_rows
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND type = 'content_engaged' AND action = 'goal'
        )
        GROUP BY site, person_id
    ) AS outside USING (site, person_id)
    LEFT JOIN
    (
        SELECT site, groupArray((id, worth, told.stage, contents, conditions)) AS goals
        FROM
        (
            SELECT
                site, id,
                JSONExtract(
                    definition,
                    'Tuple(stage String, contents Array(String), value Nullable(Float64), monthly_price Nullable(Float64), months Nullable(Float64), retention Nullable(Float64), price Nullable(Float64), close_rate Nullable(Float64), rules Array(Tuple(field String, equals Nullable(String), contains Nullable(String))))'
                ) AS told,
                coalesce(
                    told.value, told.monthly_price * told.months * ifNull(told.retention, 1), told.price * told.close_rate
                ) AS worth,
                if(empty(told.contents), [id], told.contents) AS contents,
                -- as the rules of channels compare: NFC, without blanks at the ends, whatever the case
                arrayMap(
                    rule -> (
                        rule.field,
                        caseFoldUTF8(replaceRegexpAll(normalizeUTF8NFC(rule.equals), '^\\s+|\\s+$', '')),
                        caseFoldUTF8(replaceRegexpAll(normalizeUTF8NFC(rule.contains), '^\\s+|\\s+$', ''))
                    ),
                    told.rules
                ) AS conditions
            FROM headwater.newest_definition_rows
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND kind = 'goal'
        )
        GROUP BY site
    ) AS wanted USING (site)
)
ARRAY JOIN sessions AS session, arrayEnumerate(sessions) AS number
WHERE session.7 BETWEEN {since:Date} AND {until:Date}
    AND (length({branches:Array(String)}) = 0 OR has({branches:Array(String)}, session.4))
COMMENT 'One session with the pages it saw and the goals it reached (private)'
