-- One row is one local day of one spend.
CREATE OR REPLACE VIEW headwater.spend_daily
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    day Date COMMENT 'Local day of the site',
    spend_id String COMMENT 'Id of the spend',
    channel LowCardinality(String) COMMENT 'Channel slug; empty when it belongs to none',
    campaign LowCardinality(String) COMMENT 'Campaign slug; empty when none',
    kind LowCardinality(String) COMMENT 'media, agency, staff, reward, sales, tool, upkeep or training',
    amount Int64 COMMENT 'Cost of the day, won, VAT included',
    clicks Nullable(Int64) COMMENT 'Clicks of the whole spend, on its first day; null on the others',
    impressions Nullable(Int64) COMMENT 'Impressions of the whole spend, on its first day; null on the others'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(spend.run, '^[^~]*') AS run, site, branch,
    toDate(first_day + (number - 1)) AS day,
    spend_id, channel, campaign, kind, amount,
    if(number = 1, spend.clicks, NULL) AS clicks,
    if(number = 1, spend.impressions, NULL) AS impressions
FROM headwater.newest_spend_rows AS spend
ARRAY JOIN amounts AS amount, arrayEnumerate(amounts) AS number
WHERE spend.run IN visible.1
COMMENT 'One local day of one spend'
