-- One row is one experiment as the catalog defines it, with what was left open filled in and the people it needs.
CREATE OR REPLACE VIEW headwater.experiments
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    experiment String COMMENT 'Id of the experiment',
    name_ko String COMMENT 'Korean name for people; empty when none',
    name_en String COMMENT 'English name for people; empty when none',
    hypothesis String COMMENT 'What is expected; empty when not said',
    why String COMMENT 'Why it is expected; empty when not said',
    metric String COMMENT 'What decides: a stage, payment, call, call_conversion, opened, clicked, contact_clicked, download, video or a goal; empty when none',
    counted_as Array(String) COMMENT 'What counts as the metric: stage:registration, payment, clicked:(experiment), content:(name), page:(goal) and so on; empty when nothing can be counted',
    customers_after Array(String) COMMENT 'What makes a person a customer already when it came before the assignment',
    variants Array(String) COMMENT 'Variants, in the order of the definition',
    control String COMMENT 'Variant that the others are compared with: the first one unless said; empty when none',
    assigned_by LowCardinality(String) COMMENT 'What gives a person a variant: event (experiment_assigned or a message), utm_content or landing_page',
    campaign String COMMENT 'Campaign whose visits alone count; all when empty',
    starts_on Nullable(Date) COMMENT 'First local day of assignments; open when null',
    ends_on Nullable(Date) COMMENT 'Last local day of assignments; open when null',
    window_days UInt16 COMMENT 'Days after the assignment within which the metric counts',
    decides_on Nullable(Date) COMMENT 'First local day on which nobody''s window is open any more; null without an end',
    baseline_rate Nullable(Float64) COMMENT 'Rate expected of the control, ratio; null when not said',
    minimal_effect Nullable(Float64) COMMENT 'Smallest difference of rates worth finding, absolute; null when not said',
    alpha Float64 COMMENT 'Chance of a verdict where there is no difference, over all variants together',
    power Float64 COMMENT 'Chance of finding a difference as large as minimal_effect',
    alpha_each Float64 COMMENT 'alpha ÷ number of comparisons with the control (Bonferroni)',
    interval_reach Float64 COMMENT 'Standard errors on either side of an interval that holds 1 − alpha_each',
    planned_size Nullable(UInt64) COMMENT 'People that each variant needs; null without baseline_rate and minimal_effect, or where they add up to more than 1'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (SELECT groupArray(label) FROM headwater.visible_runs) AS visible
SELECT
    extract(label, '^[^~]*') AS run, site, '' AS branch, experiment, name_ko, name_en, hypothesis, why, metric,
    multiIf(
        metric IN ('payment', 'call', 'call_conversion', 'contact_clicked', 'download', 'video'), [metric],
        metric = 'clicked', [concat('clicked:', experiment)],
        metric = 'opened', [concat('opened:', experiment), concat('clicked:', experiment)],
        metric != '' AND has(arrayPushBack(if(empty(stages), ['inquiry', 'consult', 'registration'], stages), 're_registration'), metric),
        [concat('stage:', metric)],
        is_goal, arrayConcat(
            if(goal_stage IN ('', 'payment'), [], [concat('stage:', goal_stage)]),
            if(goal_stage = 'payment', ['payment'], []),
            if(goal_has_rules, [concat('page:', metric)], []),
            arrayMap(one -> concat('content:', one), if(empty(goal_contents), [metric], goal_contents))
        ),
        []
    ) AS counted_as,
    multiIf(
        metric IN ('call', 'call_conversion'), ['stage:registration'],
        arrayFilter(one -> startsWith(one, 'stage:'), counted_as)
    ) AS customers_after,
    variants,
    if(has(variants, told_control), told_control, variants[1]) AS control,
    assigned_by, campaign, starts_on, ends_on, window_days, ends_on + window_days + 1 AS decides_on,
    baseline_rate, minimal_effect, alpha, power,
    alpha / greatest(length(variants) - 1, 1) AS alpha_each,
    reaches[1] AS interval_reach,
    -- statsmodels' samplesize_proportions_2indep_onetail: the far tail of the two-sided test is left out.
    if(
        minimal_effect > 0 AND baseline_rate + minimal_effect <= 1,
        toUInt64(ceil(pow(greatest(
            reaches[1] * sqrt((2 * baseline_rate + minimal_effect) * (1 - baseline_rate - minimal_effect / 2))
            + reaches[2] * sqrt(
                baseline_rate * (1 - baseline_rate) + (baseline_rate + minimal_effect) * (1 - baseline_rate - minimal_effect)
            ), 0
        ) / minimal_effect, 2))),
        NULL
    ) AS planned_size
FROM
(
    SELECT
        *,
        -- The point of the normal distribution beyond which that much lies, by Newton's method from 0: each step comes closer.
        arrayMap(
            beyond -> if(beyond > 0.5, -1, 1) * arrayFold(
                (point, step) -> point + (erfc(point / sqrt(2)) / 2 - least(beyond, 1 - beyond)) * sqrt(2 * pi()) * exp(point * point / 2),
                range(60), toFloat64(0)
            ),
            [alpha / greatest(length(variants) - 1, 1) / 2, 1 - power]
        ) AS reaches
    FROM
    (
        SELECT
            run AS label, site, id AS experiment, name_ko, name_en,
            JSONExtractString(definition, 'hypothesis') AS hypothesis,
            JSONExtractString(definition, 'why') AS why,
            transform(
                JSONExtractString(definition, 'metric') AS told_metric,
                ['open_rate', 'click_rate', 'inquiries', 'consults', 'registrations', 'payments', 'calls', 'call_conversions', 'downloads'],
                ['opened', 'clicked', 'inquiry', 'consult', 'registration', 'payment', 'call', 'call_conversion', 'download'],
                told_metric
            ) AS metric,
            JSONExtract(definition, 'variants', 'Array(String)') AS variants,
            JSONExtractString(definition, 'control') AS told_control,
            if(JSONHas(definition, 'assigned_by'), JSONExtractString(definition, 'assigned_by'), 'event') AS assigned_by,
            JSONExtractString(definition, 'campaign') AS campaign,
            toDateOrNull(JSONExtractString(definition, 'starts_on')) AS starts_on,
            toDateOrNull(JSONExtractString(definition, 'ends_on')) AS ends_on,
            if(JSONHas(definition, 'window_days'), toUInt16(JSONExtractUInt(definition, 'window_days')), 30) AS window_days,
            JSONExtract(definition, 'baseline_rate', 'Nullable(Float64)') AS baseline_rate,
            JSONExtract(definition, 'minimal_effect', 'Nullable(Float64)') AS minimal_effect,
            ifNull(JSONExtract(definition, 'alpha', 'Nullable(Float64)'), 0.05) AS alpha,
            ifNull(JSONExtract(definition, 'power', 'Nullable(Float64)'), 0.8) AS power
        FROM headwater.newest_definition_rows
        WHERE kind = 'experiment' AND run IN visible
    ) AS defined
    LEFT JOIN
    (
        SELECT
            run AS label, site, id AS metric, 1 AS is_goal,
            JSONExtractString(definition, 'stage') AS goal_stage,
            notEmpty(JSONExtractArrayRaw(definition, 'rules')) AS goal_has_rules,
            JSONExtract(definition, 'contents', 'Array(String)') AS goal_contents
        FROM headwater.newest_definition_rows
        WHERE kind = 'goal' AND run IN visible AND NOT JSONHas(definition, 'metric')
    ) AS goal USING (label, site, metric)
    LEFT JOIN
    (
        SELECT run AS label, site, JSONExtract(settings, 'stages', 'Array(String)') AS stages
        FROM headwater.newest_site_rows
        WHERE run IN visible
    ) AS listed USING (label, site)
)
COMMENT 'One experiment as the catalog defines it, with what was left open filled in and the people it needs'
