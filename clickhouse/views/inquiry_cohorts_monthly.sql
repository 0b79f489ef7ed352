-- One row is the inquiries of one month on a channel under one model, and how many registered so many months later.
CREATE OR REPLACE VIEW headwater.inquiry_cohorts_monthly
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    model LowCardinality(String) COMMENT 'Attribution model: first, last, linear, time_decay, position, or where the run has it markov, markov_2 or shapley',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    channel LowCardinality(String) COMMENT 'Channel credited with the inquiry; unattributed without touches',
    cohort Date COMMENT 'First day of the month of the inquiries, local',
    inquiries Float64 COMMENT 'Credited inquiries of the month',
    after_1_month Float64 COMMENT 'Of these, registered before the local day of the inquiry plus 1 month',
    after_2_months Float64 COMMENT 'Of these, registered before the local day of the inquiry plus 2 months',
    after_3_months Float64 COMMENT 'Of these, registered before the local day of the inquiry plus 3 months',
    after_6_months Float64 COMMENT 'Of these, registered before the local day of the inquiry plus 6 months',
    registrations Float64 COMMENT 'Of these, registered at all; a young cohort is still maturing'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    run, model, site, branch, channel, toStartOfMonth(inquired_on) AS cohort,
    sum(parts) / 1e9 AS inquiries,
    sumIf(parts, registered AND registered_on < addMonths(inquired_on, 1)) / 1e9 AS after_1_month,
    sumIf(parts, registered AND registered_on < addMonths(inquired_on, 2)) / 1e9 AS after_2_months,
    sumIf(parts, registered AND registered_on < addMonths(inquired_on, 3)) / 1e9 AS after_3_months,
    sumIf(parts, registered AND registered_on < addMonths(inquired_on, 6)) / 1e9 AS after_6_months,
    sumIf(parts, registered) / 1e9 AS registrations
FROM
(
    SELECT run, model, site, branch, channel, parts, inquired_on, lead
    FROM
    (
        SELECT
            extract(inquiry.run, '^[^~]*') AS run, site, branch, day AS inquired_on, channels, model, weights,
            substring(conversion_id, 1, length(conversion_id) - length(':inquiry')) AS lead
        FROM headwater.newest_conversion_rows AS inquiry
        ARRAY JOIN
            ['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'markov_2', 'shapley'] AS model,
            [w_first, w_last, w_linear, w_time_decay, w_position, w_markov, w_markov_2, w_shapley] AS weights
        WHERE stage = 'inquiry' AND inquiry.run IN visible.1 AND (inquiry.run, model) IN visible
    )
    ARRAY JOIN channels AS channel, arrayResize(weights, length(channels)) AS parts
    WHERE parts > 0
) AS inquired
LEFT JOIN
(
    SELECT
        extract(reached.run, '^[^~]*') AS run, site, day AS registered_on, 1 AS registered,
        substring(conversion_id, 1, length(conversion_id) - length(':registration')) AS lead
    FROM headwater.newest_conversion_rows AS reached
    WHERE stage = 'registration' AND reached.run IN visible.1
) AS registration USING (run, site, lead)
GROUP BY run, model, site, branch, channel, cohort
COMMENT 'The inquiries of one month on a channel under one model, and how many registered so many months later'
