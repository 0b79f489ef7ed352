-- One row is one local day of a site, branch, channel and campaign under one model.
CREATE OR REPLACE VIEW headwater.channel_funnel_daily
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    day Date COMMENT 'Local day of the site',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    channel LowCardinality(String) COMMENT 'Channel slug',
    campaign LowCardinality(String) COMMENT 'Campaign slug; empty when none',
    model LowCardinality(String) COMMENT 'Attribution model: first, last, linear, time_decay, position, or where the run has it markov, markov_2 or shapley',
    visits Int64 COMMENT 'Sessions; the same under every model',
    scans Int64 COMMENT 'Distinct QR scans; the same under every model',
    calls Int64 COMMENT 'Counted inbound calls; the same under every model',
    inquiries Float64 COMMENT 'Credited inquiries, leads',
    consults Float64 COMMENT 'Credited consults, leads',
    registrations Float64 COMMENT 'Credited registrations, leads',
    re_registrations Float64 COMMENT 'Credited returns after dormant, leads',
    revenue Int64 COMMENT 'Revenue, on the registration''s day, won',
    cash Int64 COMMENT 'Payments, on the payment''s day, won',
    inquiries_parts Int64 COMMENT 'Credited inquiries, parts of 10^-9',
    consults_parts Int64 COMMENT 'Credited consults, parts of 10^-9',
    registrations_parts Int64 COMMENT 'Credited registrations, parts of 10^-9',
    re_registrations_parts Int64 COMMENT 'Credited returns after dormant, parts of 10^-9'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(funnel.run, '^[^~]*') AS run, site, day, branch, channel, campaign, model, visits, scans, calls,
    inquiries_parts / 1000000000 AS inquiries,
    consults_parts / 1000000000 AS consults,
    registrations_parts / 1000000000 AS registrations,
    re_registrations_parts / 1000000000 AS re_registrations,
    funnel.revenue[number] AS revenue,
    funnel.cash[number] AS cash,
    funnel.inquiries[number] AS inquiries_parts,
    funnel.consults[number] AS consults_parts,
    funnel.registrations[number] AS registrations_parts,
    funnel.re_registrations[number] AS re_registrations_parts
FROM headwater.newest_funnel_rows AS funnel
ARRAY JOIN
    ['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'markov_2', 'shapley'] AS model,
    [1, 2, 3, 4, 5, 6, 7, 8] AS number
WHERE funnel.run IN visible.1 AND (funnel.run, model) IN visible
COMMENT 'One local day of a site, branch, channel and campaign under one model'
