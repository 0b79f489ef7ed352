-- One row is one campaign with the results inside its window under one model.
CREATE OR REPLACE VIEW headwater.campaign_windows
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
    model LowCardinality(String) COMMENT 'Attribution model: first, last, linear, time_decay, position, or where the run has it markov, markov_2 or shapley',
    spent Int64 COMMENT 'Spent inside the window, won',
    visits Int64 COMMENT 'Sessions inside the window; the same under every model',
    scans Int64 COMMENT 'Distinct QR scans inside the window; the same under every model',
    calls Int64 COMMENT 'Counted inbound calls inside the window; the same under every model',
    inquiries Float64 COMMENT 'Credited inquiries inside the window, leads',
    consults Float64 COMMENT 'Credited consults inside the window, leads',
    registrations Float64 COMMENT 'Credited registrations inside the window, leads',
    revenue Int64 COMMENT 'Revenue of the registrations inside the window, won',
    cash Int64 COMMENT 'Payments inside the window, won',
    inquiries_parts Int64 COMMENT 'Credited inquiries inside the window, parts of 10^-9',
    consults_parts Int64 COMMENT 'Credited consults inside the window, parts of 10^-9',
    registrations_parts Int64 COMMENT 'Credited registrations inside the window, parts of 10^-9'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(results.run, '^[^~]*') AS run, site, '' AS branch, campaign, name, channel, budget, starts_on, ends_on, goal_metric, goal_count, model,
    spent, visits, scans, calls,
    inquiries_parts / 1000000000 AS inquiries,
    consults_parts / 1000000000 AS consults,
    registrations_parts / 1000000000 AS registrations,
    results.revenue[number] AS revenue,
    results.cash[number] AS cash,
    results.inquiries[number] AS inquiries_parts,
    results.consults[number] AS consults_parts,
    results.registrations[number] AS registrations_parts
FROM headwater.newest_campaign_rows AS results
ARRAY JOIN
    ['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'markov_2', 'shapley'] AS model,
    [1, 2, 3, 4, 5, 6, 7, 8] AS number
WHERE results.run IN visible.1 AND (results.run, model) IN visible
COMMENT 'One campaign with the results inside its window under one model'
