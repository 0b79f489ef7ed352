-- One row is one site, group and month with its revenue, who paid, and how it grew on the month before.
CREATE OR REPLACE VIEW headwater.growth_monthly
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch String COMMENT 'Slug of the place of the business where asked by branch; empty otherwise',
    channel String COMMENT 'Channel the payer came by where asked by channel; empty otherwise',
    service String COMMENT 'Service the payer asked for where asked by service; empty otherwise',
    month Date COMMENT 'First day of the month, local; whole months that the period touches, with a payment in them or in the month before',
    revenue Int64 COMMENT 'Payments dated in the month less refunds, won',
    previous_revenue Int64 COMMENT 'The same of the month before, won',
    growth Nullable(Float64) COMMENT 'Revenue growth: revenue by previous_revenue less 1, ratio; null unless the month before has any over 0',
    payments UInt64 COMMENT 'Payments over 0',
    payers UInt64 COMMENT 'Persons with a payment over 0',
    new_payers UInt64 COMMENT 'Of these, whose first payment is in the month',
    returning_payers UInt64 COMMENT 'Of these, who paid in an earlier month already',
    arpu Nullable(Float64) COMMENT 'Revenue by payers, won; null without payers',
    complete UInt8 COMMENT '1 when the site''s record goes beyond the month; 0 for its last month, which may be cut short'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    throwIf(NOT has(['site', 'channel', 'branch', 'service'], {by:String}), 'by is site, channel, branch or service') AS refused
SELECT
    site,
    if({by:String} = 'branch', person.branch, '') AS branch,
    if({by:String} = 'channel', person.channel, '') AS channel,
    if({by:String} = 'service', person.service, '') AS service,
    booked.1 AS month,
    sum(booked.2) AS revenue,
    sum(booked.3) AS previous_revenue,
    if(previous_revenue > 0, revenue / previous_revenue - 1, NULL) AS growth,
    sum(booked.4) AS payments,
    countIf(booked.4 > 0) AS payers,
    countIf(booked.4 > 0 AND booked.1 = toStartOfMonth(first_paid_on)) AS new_payers,
    toUInt64(payers - new_payers) AS returning_payers,
    if(payers = 0, NULL, revenue / payers) AS arpu,
    booked.1 < toStartOfMonth(any(recorded_until)) AS complete
FROM headwater.people(sites = {sites:Array(String)}, branches = {branches:Array(String)}, run = {run:String}) AS person
-- Of each person, each month with money in it or in the one before: (month, won, won of the month before, payments).
ARRAY JOIN arrayMap(
    one -> (
        one,
        arraySum(paid -> if(paid.1 = one, paid.2, 0), money_by_month),
        arraySum(paid -> if(addMonths(paid.1, 1) = one, paid.2, 0), money_by_month),
        arraySum(paid -> if(paid.1 = one, paid.3, 0), money_by_month)
    ),
    arrayDistinct(arrayConcat(
        arrayMap(paid -> paid.1, money_by_month), arrayMap(paid -> addMonths(paid.1, 1), money_by_month)
    ))
) AS booked
WHERE refused = 0
    AND booked.1 BETWEEN toStartOfMonth({since:Date}) AND {until:Date} AND booked.1 <= toStartOfMonth(recorded_until)
GROUP BY site, branch, channel, service, month
COMMENT 'One site, group and month with its revenue, who paid, and how it grew on the month before'
