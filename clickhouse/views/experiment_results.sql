-- One row is one variant of an experiment beside its control, as it stands on a day, with the verdict.
CREATE OR REPLACE VIEW headwater.experiment_results
(
    run String COMMENT 'Name of the run; the worker''s own is live',
    site String COMMENT 'Slug of the business',
    branch String COMMENT 'Always empty: it spans the branches',
    experiment String COMMENT 'Id of the experiment',
    place UInt8 COMMENT 'Place of the variant in the definition, from 1; 0 when the definition does not have it',
    variant String COMMENT 'Variant',
    is_control UInt8 COMMENT '1 when the others are compared with it',
    subjects UInt64 COMMENT 'People who got it first, none of them apart',
    waiting UInt64 COMMENT 'Of these, whose window is not over yet: they do not count yet',
    judged Int64 COMMENT 'Of these, whose window is over: they count',
    converted UInt64 COMMENT 'Of the judged, who reached the metric within their window',
    rate Nullable(Float64) COMMENT 'converted ÷ judged; null when nobody is judged',
    control_rate Nullable(Float64) COMMENT 'rate of the control',
    difference Nullable(Float64) COMMENT 'rate − control_rate; null for the control',
    difference_low Nullable(Float64) COMMENT 'Lower end of the interval of the difference (Newcombe) that holds 1 − alpha_each',
    difference_high Nullable(Float64) COMMENT 'Upper end of that interval',
    p_value Nullable(Float64) COMMENT 'p of the two-sided test of two proportions with pooled variance; null where all or none converted',
    alpha_each Float64 COMMENT 'p below this is a difference',
    planned_size Nullable(UInt64) COMMENT 'People that each variant needs; null when not planned',
    decides_on Nullable(Date) COMMENT 'First local day on which the end decides; null without an end',
    crossed UInt64 COMMENT 'People apart: met another variant within their window',
    customers_already UInt64 COMMENT 'People apart: had got as far as the metric asks before the assignment',
    verdict String COMMENT 'control, unlisted, no_metric, not_started, too_early, maturing, no_end, too_few, better, worse, no_difference or inconclusive'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((
            site, experiment, variants, control, counted_as, starts_on, ends_on, decides_on, alpha_each, interval_reach, planned_size
        ))
        FROM headwater.experiments
        WHERE run = {run:String} AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
    ) AS asked,
    counted AS
    (
        SELECT
            site, experiment, variant,
            countIf(NOT person.crossed AND NOT customer_already) AS subjects,
            countIf(NOT person.crossed AND NOT customer_already AND judged_on > {as_of:Date}) AS waiting,
            countIf(NOT person.crossed AND NOT customer_already AND judged_on <= {as_of:Date} AND person.converted) AS converted,
            countIf(person.crossed) AS crossed, countIf(customer_already AND NOT person.crossed) AS customers_already
        FROM headwater.experiment_subjects(sites = {sites:Array(String)}, run = {run:String}) AS person
        WHERE assigned_on <= {as_of:Date}
        GROUP BY site, experiment, variant
    ),
    beside AS
    (
        SELECT
            *, variant = control AND place > 0 AS is_control,
            sumIf(judged, is_control) OVER of_experiment AS control_judged,
            sumIf(converted, is_control) OVER of_experiment AS control_converted,
            minIf(judged, place > 0) OVER of_experiment AS fewest,
            if(judged = 0, NULL, converted / judged) AS rate,
            if(control_judged = 0, NULL, control_converted / control_judged) AS control_rate,
            (converted + control_converted) / nullIf(judged + control_judged, 0) AS pooled,
            interval_reach * interval_reach AS square
        FROM
        (
            SELECT
                site, experiment, toUInt8(indexOf(plan.3, variant)) AS place, variant, plan.4 AS control, plan.5 AS counted_as,
                plan.6 AS starts_on, plan.7 AS ends_on, plan.8 AS decides_on, plan.9 AS alpha_each, plan.10 AS interval_reach,
                plan.11 AS planned_size, sum(every.subjects) AS subjects, sum(every.waiting) AS waiting,
                subjects - waiting AS judged, sum(every.converted) AS converted, sum(every.crossed) AS crossed,
                sum(every.customers_already) AS customers_already
            FROM
            (
                SELECT * FROM counted
                UNION ALL
                SELECT plan.1, plan.2, arrayJoin(plan.3), 0, 0, 0, 0, 0 FROM (SELECT arrayJoin(asked) AS plan)
            ) AS every
            INNER JOIN (SELECT arrayJoin(asked) AS plan, plan.1 AS site, plan.2 AS experiment) AS planned USING (site, experiment)
            GROUP BY site, experiment, variant, plan
        )
        WINDOW of_experiment AS (PARTITION BY site, experiment)
    )
SELECT
    {run:String} AS run, site, '' AS branch, experiment, place, variant, is_control, subjects, waiting, judged, converted,
    rate, control_rate,
    if(is_control, NULL, rate - control_rate) AS difference,
    difference - sqrt(pow(rate - low, 2) + pow(control_high - control_rate, 2)) AS difference_low,
    difference + sqrt(pow(high - rate, 2) + pow(control_rate - control_low, 2)) AS difference_high,
    if(pooled > 0 AND pooled < 1, erfc(abs(difference) / sqrt(2 * pooled * (1 - pooled) * (1 / judged + 1 / control_judged))), NULL) AS p_value,
    alpha_each, planned_size, decides_on, crossed, customers_already,
    multiIf(
        place = 0, 'unlisted',
        is_control, 'control',
        empty(counted_as), 'no_metric',
        starts_on > {as_of:Date}, 'not_started',
        NOT ifNull(fewest >= planned_size, 0) AND NOT ifNull(decides_on <= {as_of:Date}, 0), multiIf(
            ends_on < {as_of:Date}, 'maturing',
            ends_on IS NULL AND planned_size IS NULL, 'no_end',
            'too_early'
        ),
        ifNull(least(judged, control_judged) * least(pooled, 1 - pooled), 0) < 5, 'too_few',
        p_value < alpha_each, if(difference > 0, 'better', 'worse'),
        ifNull(fewest >= planned_size, 0), 'no_difference',
        'inconclusive'
    ) AS verdict
FROM
(
    -- Wilson's interval of each of the two rates.
    SELECT
        *,
        (rate + square / 2 / judged) / (1 + square / judged) AS middle,
        interval_reach / (1 + square / judged) * sqrt(rate * (1 - rate) / judged + square / 4 / judged / judged) AS reach,
        middle - reach AS low, middle + reach AS high,
        (control_rate + square / 2 / control_judged) / (1 + square / control_judged) AS control_middle,
        interval_reach / (1 + square / control_judged)
            * sqrt(control_rate * (1 - control_rate) / control_judged + square / 4 / control_judged / control_judged) AS control_reach,
        control_middle - control_reach AS control_low, control_middle + control_reach AS control_high
    FROM beside
)
COMMENT 'One variant of an experiment beside its control, as it stands on a day, with the verdict'
