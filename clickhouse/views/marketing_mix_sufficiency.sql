-- One row is one channel with spend of a site and branch under one model, and whether its weeks are enough for a marketing-mix model.
CREATE OR REPLACE VIEW headwater.marketing_mix_sufficiency
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown, as of a spend of all branches',
    channel LowCardinality(String) COMMENT 'Channel slug',
    model LowCardinality(String) COMMENT 'Attribution model of the outcome',
    weeks UInt32 COMMENT 'Whole weeks of the site, weeks cut off left out',
    weeks_with_spend UInt32 COMMENT 'Of these, with spend on the channel',
    spend Int64 COMMENT 'Spend of the whole weeks, won',
    spend_variation Nullable(Float64) COMMENT 'Standard deviation of the weekly spend by its mean, ratio; null without spend',
    registrations Float64 COMMENT 'Credited registrations of the whole weeks of all channels of the site and branch, leads',
    weeks_per_channel Float64 COMMENT 'Whole weeks by the channels with spend of the site and branch',
    lacking Array(String) COMMENT 'What is not enough: weeks (under 104), weeks_per_channel (under 10), weeks_with_spend (under 20), variation (under 0.2), registrations (under 10 for each channel with spend)',
    sufficient UInt8 COMMENT '1 when nothing is lacking'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    run, site, branch, channel, model, weeks, weeks_with_spend, channels.spend AS spend, spend_variation, outcome AS registrations,
    weeks / channels_with_spend AS weeks_per_channel,
    arrayFilter(one -> one != '', [
        if(weeks < 104, 'weeks', ''),
        if(weeks < 10 * channels_with_spend, 'weeks_per_channel', ''),
        if(weeks_with_spend < 20, 'weeks_with_spend', ''),
        if(ifNull(spend_variation, 0) < 0.2, 'variation', ''),
        if(outcome < 10 * channels_with_spend, 'registrations', '')
    ]) AS lacking,
    empty(lacking) AS sufficient
FROM
(
    SELECT
        *,
        countIf(spend != 0) OVER of_branch AS channels_with_spend,
        sum(came) OVER of_branch AS outcome
    FROM
    (
        SELECT
            run, site, branch, channel, model, toUInt32(count()) AS weeks,
            toUInt32(countIf(mix.spend != 0)) AS weeks_with_spend, sum(mix.spend) AS spend,
            if(spend = 0, NULL, stddevPop(mix.spend) / avg(mix.spend)) AS spend_variation,
            sum(mix.registrations) AS came
        FROM headwater.marketing_mix_weekly AS mix
        WHERE days = 7
        GROUP BY run, site, branch, channel, model
    )
    WINDOW of_branch AS (PARTITION BY run, site, branch, model)
) AS channels
WHERE spend != 0
COMMENT 'One channel with spend of a site and branch under one model, and whether its weeks are enough for a marketing-mix model'
