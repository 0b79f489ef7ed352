-- One row is one metric of a site in two periods with its change and how far chance may have made it (private).
-- The periods are the two that are asked for (items: period), or those of goals and tools as of a day (goal, gain, saving,
-- index, reach); before_after, goal_verdicts, tool_changes and tool_roi show them. Statistics are those of
-- streams/domain/intervals.py, to the last digits.
CREATE OR REPLACE VIEW headwater.metric_changes
(
    site String COMMENT 'Slug of the business',
    item String COMMENT 'period, or what the definition is: goal, gain, saving, index, reach',
    id String COMMENT 'Id of the goal or the tool; empty for a period',
    place UInt32 COMMENT 'Place among the gains or savings of the tool',
    tool String COMMENT 'Id of the tool; empty when none',
    name_ko String COMMENT 'Korean name for people; empty when none',
    name_en String COMMENT 'English name for people; empty when none',
    defined_at DateTime64(6, 'UTC') COMMENT 'When it was defined, UTC',
    set_beforehand UInt8 COMMENT '1 when it was defined before the first day judged, local days',
    adopted_on Nullable(Date) COMMENT 'Local day of adoption of the tool; null when none',
    branch String COMMENT 'Slug of the place of the business; empty for all together',
    baseline_from Nullable(Date) COMMENT 'First local day of the baseline',
    baseline_to Nullable(Date) COMMENT 'Last local day of the baseline',
    judged_from Nullable(Date) COMMENT 'First local day judged',
    judged_to Nullable(Date) COMMENT 'Last local day judged; null when open',
    unit_value Nullable(Float64) COMMENT 'Worth of one more of the metric, won; null when none',
    change_wanted Nullable(Float64) COMMENT 'Change wanted, ratio or in the metric''s own unit; null when none',
    change_kind String COMMENT 'What the change is told in, relative or absolute: as the goal wants it, else as the kind has it',
    metric String COMMENT 'Slug of the metric',
    kind String COMMENT 'count, amount, total, rate, cost, share or mean',
    channel String COMMENT 'Channel slug; empty for all together',
    before Nullable(Float64) COMMENT 'Level before',
    after Nullable(Float64) COMMENT 'Level after',
    before_value Float64 COMMENT 'Above the line before',
    before_base Float64 COMMENT 'Below the line before',
    after_value Float64 COMMENT 'Above the line after',
    after_base Float64 COMMENT 'Below the line after',
    before_days Float64 COMMENT 'Days before',
    after_days Float64 COMMENT 'Days after',
    change Nullable(Float64) COMMENT 'Change of that kind',
    change_low Nullable(Float64) COMMENT 'Lower end of its 95% interval',
    change_high Nullable(Float64) COMMENT 'Upper end of its 95% interval',
    absolute Nullable(Float64) COMMENT 'Change in the metric''s own unit, of counts and sums over the days after',
    absolute_low Nullable(Float64) COMMENT 'Lower end of its 95% interval',
    absolute_high Nullable(Float64) COMMENT 'Upper end of its 95% interval',
    relative Nullable(Float64) COMMENT 'Change as a ratio of the level before',
    relative_low Nullable(Float64) COMMENT 'Lower end of its 95% interval',
    relative_high Nullable(Float64) COMMENT 'Upper end of its 95% interval',
    p_value Nullable(Float64) COMMENT 'Two-sided p of no change',
    extra Nullable(Float64) COMMENT 'Units more than the level before would have given in the days after',
    extra_low Nullable(Float64) COMMENT 'Lower end of its 95% interval',
    extra_high Nullable(Float64) COMMENT 'Upper end of its 95% interval',
    counted Nullable(Float64) COMMENT 'What chance works on: things counted in both periods, or values measured; null of sums of money',
    year_before Nullable(Float64) COMMENT 'Level in the same weeks of last year, before',
    year_after Nullable(Float64) COMMENT 'Level in the same weeks of last year, after',
    year_change Nullable(Float64) COMMENT 'Change between these: relative of counts, sums and costs, else absolute',
    is_reached Nullable(UInt8) COMMENT '1 when the change of a goal is as large as wanted; null without figures',
    verdict String COMMENT 'Of a goal: reached, missed, open, set_afterwards or not_measured'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    1.959963984540054 AS z,
    -- The ends of Wilson's interval of k of n; and a sum of credits in parts, the same double in whatever order they came.
    (k, n) -> greatest(0., (k / n + z * z / (2 * n) - z * sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))) / (1 + z * z / n)) AS low_of,
    (k, n) -> least(1., (k / n + z * z / (2 * n) + z * sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))) / (1 + z * z / n)) AS high_of,
    x -> if(abs(x) < 4e6, round(x, 9), x) AS settled,
    length({branches:Array(String)}) = 0 AS every_branch,
    -- Cost of no branch is split by the scoreboard alone: a branch by itself has no such figures here.
    ['spend', 'cac', 'loaded_cac', 'roi'] AS of_all_branches,
    -- (item, id, place, metric, channel, branches, windows); a window is (number, first day, last day): before, after, and the
    -- same weeks 364 days earlier.
    -- The definitions asked for, read once: (site, item, id, place, metric, channel, branch, and the days of the two periods).
    (
        SELECT groupArray((
            site, item, id, place, metric, channel, branch, baseline_from, baseline_to, judged_from, judged_to, seen_until,
            tool, name_ko, name_en, defined_at, set_beforehand, adopted_on, unit_value, change_wanted, change_kind
        ))
        FROM headwater.judged_definitions(sites = {sites:Array(String)}, as_of = {as_of:Date}, run = {run:String})
        WHERE has({items:Array(String)}, item)
    ) AS definitions,
    -- What to compare: (site, item, id, place, metric, channel, branches, windows); '*' is each. The four windows are before,
    -- after, and both 364 days earlier; one that has not begun is no window.
    arrayConcat(
        arrayMap(
            one -> (
                one.1, one.2, one.3, one.4, if(one.5 = '', '*', one.5), one.6, if(one.7 = '', [], [one.7]),
                [
                    (assumeNotNull(one.8), assumeNotNull(one.9)), (assumeNotNull(one.10), assumeNotNull(one.12)),
                    (assumeNotNull(one.8) - 364, assumeNotNull(one.9) - 364), (assumeNotNull(one.10) - 364, assumeNotNull(one.12) - 364)
                ]
            ),
            arrayFilter(one -> isNotNull(one.8) AND isNotNull(one.9) AND isNotNull(one.10), definitions)
        ),
        if(
            has({items:Array(String)}, 'period'),
            [(
                '*', 'period', '', toUInt32(0), '*', '*', {branches:Array(String)},
                [
                    ({before_since:Date}, {before_until:Date}), ({since:Date}, {until:Date}),
                    ({before_since:Date} - 364, {before_until:Date} - 364), ({since:Date} - 364, {until:Date} - 364)
                ]
            )],
            []
        )
    ) AS questions,
    figures AS
    (
        SELECT
            site, metric, kind, subject, asked_channel, points, min(first) OVER (PARTITION BY site) AS site_began,
            min(first) OVER (PARTITION BY site, metric) AS began_on
        FROM
        (
            SELECT
                site, metric, kind, subject, arrayJoin(arrayDistinct(['', channel])) AS asked_channel, min(first_day) AS first,
                groupArray((first_day, last_day, branch, series.value, series.base)) AS points
            FROM headwater.metric_series(sites = {sites:Array(String)}, run = {run:String}, model = {model:String}) AS series
            GROUP BY site, metric, kind, subject, asked_channel
        )
    ),
    placed AS
    (
        SELECT
            site, question.2 AS item, question.3 AS id, question.4 AS place, metric, kind, subject, asked_channel,
            question.8 AS spans, site_began, began_on,
            arrayMap(
                span -> arrayFilter(
                    point -> point.1 >= span.1 AND point.2 <= span.2 AND (empty(question.7) OR has(question.7, point.3)), points
                ),
                spans
            ) AS picked
        FROM figures
        ARRAY JOIN arrayFilter(
            one -> one.1 IN ('*', site) AND one.5 IN ('*', metric) AND one.6 IN ('*', asked_channel)
                AND (empty(one.7) OR NOT has(of_all_branches, metric)),
            questions
        ) AS question
    ),
    -- Once each subject: who called five times is one caller. From here on layer by layer: the engine writes a name out in
    -- full wherever another one of the same layer is made of it.
    sampled AS
    (
        SELECT
            site, item, id, place, metric, kind, asked_channel, spans, site_began, began_on,
            if(subject = '', arrayMap(points -> arraySum(point -> point.4, points), picked), arrayMap(points -> arrayMax(point -> point.4, points), picked)) AS values,
            if(subject = '', arrayMap(points -> arraySum(point -> point.5, points), picked), arrayMap(points -> arrayMax(point -> point.5, points), picked)) AS bases,
            if(kind = 'mean', arrayMap(points -> arraySort(arrayMap(point -> point.4, points)), picked), []) AS measured,
            if(
                kind = 'amount',
                arrayMap(
                    points -> arraySort(arrayReduce('sumMap', arrayMap(point -> [point.1], points), arrayMap(point -> [point.4], points)).2),
                    arraySlice(picked, 1, 2)
                ),
                arraySlice(measured, 1, 2)
            ) AS samples
        FROM placed
    ),
    sorted AS
    (
        SELECT
            site, item, id, place, metric, kind, asked_channel, kind IN ('count', 'amount', 'total') AS is_sum,
            any(sampled.spans) AS spans, any(sampled.site_began) AS site_began, any(sampled.began_on) AS began_on, any(samples[1]) AS sample_1, any(samples[2]) AS sample_2,
            if(
                kind = 'mean', arrayMap(one -> arraySum(one), any(measured)), arrayMap(one -> settled(one), sumForEach(sampled.values))
            ) AS values,
            arrayMap(one -> settled(one), sumForEach(sampled.bases)) AS bases
        FROM sampled
        GROUP BY site, item, id, place, metric, kind, asked_channel
    ),
    levelled AS
    (
        SELECT
            site, item, id, place, metric, kind, asked_channel, is_sum, sample_1, sample_2,
            values[1] AS v1, values[2] AS v2, bases[1] AS b1, bases[2] AS b2,
            arrayMap(span -> toFloat64(greatest(toInt64(span.2) - toInt64(span.1) + 1, 0)), spans) AS lengths,
            -- What was never recorded is no zero: the site's record must reach back to the first week of a period, the
            -- metric's own into it.
            arrayMap(
                (span, value, base, number) -> multiIf(
                    is_sum, if(began_on <= span.2 AND (number = 2 OR site_began <= span.1 + 7), value, NULL),
                    base = 0 OR (kind = 'cost' AND value = 0), NULL,
                    value / base
                ),
                spans, values, bases, [1, 2, 3, 4]
            ) AS levels
        FROM sorted
    ),
    compared AS
    (
        SELECT
            site, item, id, place, metric, kind, asked_channel, is_sum, lengths, v1, v2, b1, b2, lengths[1] AS d1, lengths[2] AS d2,
            levels[1] AS before, levels[2] AS after, levels[3] AS year_before, levels[4] AS year_after,
            isNotNull(before) AND isNotNull(after) AS is_both,
            -- Counts as chance counts: those of a cost are counted below the line and exposed by its won.
            if(kind = 'cost', b1, v1) AS c1, if(kind = 'cost', b2, v2) AS c2,
            if(kind = 'cost', v1, d1) AS e1, if(kind = 'cost', v2, d2) AS e2,
            greatest(v1, b1) AS n1, greatest(v2, b2) AS n2,
            -- Days on which nothing came are days too.
            arrayConcat(sample_1, arrayWithConstant(if(kind = 'amount', toUInt64(greatest(d1 - length(sample_1), 0)), 0), 0.)) AS whole_1,
            arrayConcat(sample_2, arrayWithConstant(if(kind = 'amount', toUInt64(greatest(d2 - length(sample_2), 0)), 0), 0.)) AS whole_2
        FROM levelled
    ),
    weighed AS
    (
        SELECT
            site, item, id, place, metric, kind, asked_channel, is_sum, lengths, v1, v2, b1, b2, d1, d2, before, after, is_both,
            year_before, year_after, c1, c2, e1, e2, n1, n2, c1 + c2 AS c, e1 + e2 AS e, whole_1, whole_2,
            -- The level before as it would stand over the days after: what relative changes are of.
            if(is_sum, before * d2 / d1, before) AS scale,
            kind IN ('count', 'cost') AND is_both AND least(c1, c2) >= 0 AND c1 + c2 > 0 AND least(e1, e2) > 0 AS is_counted,
            kind = 'rate' AND least(b1, b2) > 0 AND least(v1, v2) >= 0 AS is_rate,
            kind IN ('mean', 'amount') AND is_both AND least(length(whole_1), length(whole_2)) >= 3 AS is_sampled,
            if(is_sampled, arrayAvg(whole_1), 0.) AS middle
        FROM compared
    ),
    tested AS
    (
        SELECT
            site, item, id, place, metric, kind, asked_channel, is_sum, lengths, v1, v2, b1, b2, d1, d2, before, after, year_before,
            year_after, c1, c2, c, e1, e2, e, n1, n2, scale, is_counted, is_rate, is_sampled,
            if(is_both AND d1 > 0, after - scale, NULL) AS absolute,
            if(is_counted AND c1 > 0, high_of(c2, c), 1.) AS part_high, if(is_counted AND c2 > 0, low_of(c2, c), 0.) AS part_low,
            if(is_rate, v1 / n1, 0.5) AS p1, if(is_rate, v2 / n2, 0.5) AS p2, if(is_rate, (v1 + v2) / (n1 + n2), 0.5) AS pooled,
            arrayReduce(
                'welchTTest(0.95)',
                if(is_sampled, arrayMap(one -> one - middle, arrayConcat(whole_2, whole_1)), emptyArrayFloat64()),
                if(is_sampled, arrayConcat(arrayWithConstant(length(whole_2), 0), arrayWithConstant(length(whole_1), 1)), emptyArrayUInt8())
            ) AS welch
        FROM weighed
    ),
    bounded AS
    (
        SELECT
            site, item, id, place, metric, kind, asked_channel, is_sum, lengths, v1, v2, b1, b2, d1, d2, before, after, year_before,
            year_after, c1, c2, scale, absolute, is_counted,
            part_low / (1 - part_low) * e1 / e2 AS ratio_low,
            if(part_high = 1, inf, part_high / (1 - part_high)) * e1 / e2 AS ratio_high,
            multiIf(
                is_rate, p2 - p1 - sqrt(pow(p2 - low_of(v2, n2), 2) + pow(high_of(v1, n1) - p1, 2)),
                is_sampled, welch.confidence_interval_low * if(kind = 'amount', d2, 1),
                NULL
            ) AS end_low,
            multiIf(
                is_rate, p2 - p1 + sqrt(pow(high_of(v2, n2) - p2, 2) + pow(p1 - low_of(v1, n1), 2)),
                is_sampled, welch.confidence_interval_high * if(kind = 'amount', d2, 1),
                NULL
            ) AS end_high,
            multiIf(
                is_counted, erfc(abs(c2 - c * e2 / e) / sqrt(c * e1 * e2) * e / sqrt(2)),
                is_rate AND pooled > 0 AND pooled < 1, erfc(abs(p2 - p1) / sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2)) / sqrt(2)),
                is_sampled AND isFinite(welch.p_value), welch.p_value,
                NULL
            ) AS p_value
        FROM tested
    ),
    turned AS
    (
        SELECT
            site, item, id, place, metric, kind, asked_channel, is_sum, lengths, v1, v2, b1, b2, d1, d2, before, after, year_before,
            year_after, c1, c2, scale, absolute, p_value, is_counted, isFinite(end_low) AND isFinite(end_high) AS is_bounded,
            end_low, end_high,
            -- A cost falls as registrations a won rise.
            if(kind = 'cost', 1 / ratio_high, ratio_low) - 1 AS counted_low,
            if(kind = 'cost', if(ratio_low = 0, inf, 1 / ratio_low), ratio_high) - 1 AS counted_high
        FROM bounded
    ),
    judged AS
    (
        SELECT
            *, if(scale > 0, absolute / scale, NULL) AS relative,
            multiIf(is_counted AND isFinite(counted_high), counted_low * scale, is_bounded, end_low, NULL) AS absolute_low,
            multiIf(is_counted AND isFinite(counted_high), counted_high * scale, is_bounded, end_high, NULL) AS absolute_high,
            -- Of a rate, a cost and a mean one unit more is one more of each thing below the line.
            multiIf(is_sum, 1., kind IN ('rate', 'cost', 'mean'), b2, NULL) AS units
        FROM turned
    ),
    told AS
    (
        SELECT
            site, item, id, place, metric AS found_metric, kind, asked_channel, before, after, v1, b1, v2, b2, d1, d2,
            absolute, absolute_low, absolute_high, relative,
            if(is_counted, counted_low, if(scale > 0, absolute_low / scale, NULL)) AS relative_low,
            if(is_counted, counted_high, if(scale > 0, absolute_high / scale, NULL)) AS relative_high,
            p_value, absolute * units AS extra, absolute_low * units AS extra_low, absolute_high * units AS extra_high,
            multiIf(kind = 'mean', b1 + b2, kind IN ('count', 'rate', 'cost'), c1 + c2, NULL) AS counted,
            year_before, year_after,
            multiIf(
                isNull(year_before) OR isNull(year_after), NULL,
                is_sum, if(year_before > 0, year_after / lengths[4] / (year_before / lengths[3]) - 1, NULL),
                kind = 'cost', year_after / year_before - 1,
                year_after - year_before
            ) AS year_change
        FROM judged
    )
SELECT
    site, item, id, place, tool, name_ko, name_en, defined_at, set_beforehand, adopted_on, branch, baseline_from, baseline_to,
    judged_from, judged_to, unit_value, change_wanted,
    multiIf(item = 'goal', wanted.change_kind, kind IN ('rate', 'share', 'mean'), 'absolute', 'relative') AS change_kind,
    if(found_metric = '', wanted.metric, found_metric) AS metric, kind, if(item = 'period', asked_channel, wanted.channel) AS channel,
    before, after, v1 AS before_value, b1 AS before_base, v2 AS after_value, b2 AS after_base, d1 AS before_days, d2 AS after_days,
    if(change_kind = 'absolute', absolute, relative) AS change,
    if(change_kind = 'absolute', absolute_low, relative_low) AS change_low,
    if(change_kind = 'absolute', absolute_high, relative_high) AS change_high,
    absolute, absolute_low, absolute_high, relative, relative_low, relative_high, p_value, extra, extra_low, extra_high,
    counted, year_before, year_after, year_change,
    -- 3.3 is 10% more than 3, whatever the last bit of their quotient.
    if(
        change_wanted < 0, round(change, 9) <= round(change_wanted, 9), round(change, 9) >= round(change_wanted, 9)
    ) AS is_reached,
    multiIf(
        item != 'goal', '',
        isNull(judged_from) OR isNull(change_wanted), 'not_measured',
        isNull(judged_to) OR judged_to > {as_of:Date}, 'open',
        NOT set_beforehand, 'set_afterwards',
        isNull(is_reached), 'not_measured',
        is_reached, 'reached',
        'missed'
    ) AS verdict
FROM told
FULL JOIN
(
    SELECT
        one.1 AS site, one.2 AS item, one.3 AS id, one.4 AS place, one.5 AS metric, one.6 AS channel, one.7 AS branch,
        one.8 AS baseline_from, one.9 AS baseline_to, one.10 AS judged_from, one.11 AS judged_to, one.13 AS tool, one.14 AS name_ko,
        one.15 AS name_en, one.16 AS defined_at, one.17 AS set_beforehand, one.18 AS adopted_on, one.19 AS unit_value,
        one.20 AS change_wanted, one.21 AS change_kind
    FROM (SELECT arrayJoin(definitions) AS one)
) AS wanted USING (site, item, id, place)
COMMENT 'One metric of a site in two periods with its change and how far chance may have made it (private)'
