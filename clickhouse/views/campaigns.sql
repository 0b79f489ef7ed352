-- One row is one campaign as the catalog defines it.
CREATE OR REPLACE VIEW headwater.campaigns
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    campaign LowCardinality(String) COMMENT 'Campaign slug',
    name String COMMENT 'Name for people',
    channel LowCardinality(String) COMMENT 'Channel slug; empty when none',
    budget Int64 COMMENT 'Budget, won; 0 when none',
    starts_on Nullable(Date) COMMENT 'First local day of the window; open when null',
    ends_on Nullable(Date) COMMENT 'Last local day of the window; open when null',
    goal_metric LowCardinality(String) COMMENT 'What the goal counts: a stage or a metric; empty when none',
    goal_count Nullable(Float64) COMMENT 'Goal in units of goal_metric',
    spent Int64 COMMENT 'Spent inside the window, won'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(defined.run, '^[^~]*') AS run, site, '' AS branch, campaign, name, channel, budget, starts_on, ends_on, goal_metric, goal_count, spent
FROM headwater.newest_campaign_rows AS defined
WHERE defined.run IN visible.1
COMMENT 'One campaign as the catalog defines it'
