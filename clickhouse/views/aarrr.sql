-- One row is one site and group of persons acquired in a period, with all five stages of AARRR so far.
CREATE OR REPLACE VIEW headwater.aarrr
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch String COMMENT 'Slug of the place of the business where asked by branch; empty otherwise',
    channel String COMMENT 'Channel they came by where asked by channel or channel_and_cohort; empty otherwise',
    campaign String COMMENT 'Campaign they came by where asked by campaign; empty when none and otherwise',
    landing_page String COMMENT 'First page of their first session, without what follows ? or #, where asked by landing_page; empty otherwise',
    service String COMMENT 'Service they asked for where asked by service; empty otherwise',
    cohort Nullable(Date) COMMENT 'First day of the month in which they came where asked by cohort or channel_and_cohort; null otherwise',
    people UInt64 COMMENT 'Acquisition: persons whose first touch, stage or payment is in the period',
    visitors UInt64 COMMENT 'Of these, with a session so far',
    sessions UInt64 COMMENT 'Their sessions so far',
    inquirers UInt64 COMMENT 'Activation: persons who have inquired so far',
    consulted UInt64 COMMENT 'Activation: persons who have come to a consult (a trial) so far',
    registered UInt64 COMMENT 'Persons who have registered so far',
    payers UInt64 COMMENT 'Activation: persons with a payment over 0 so far',
    customers UInt64 COMMENT 'Persons who have registered or paid so far',
    inquiry_rate Float64 COMMENT 'Sign-up rate: inquirers by people, ratio',
    consult_rate Float64 COMMENT 'Trial rate: consulted by people, ratio',
    first_payment_rate Float64 COMMENT 'Payers by people, ratio',
    revisitors UInt64 COMMENT 'Retention: visitors with sessions on two local days or more so far',
    revisit_rate Nullable(Float64) COMMENT 'Revisitors by visitors, ratio; null without visitors',
    repeat_payers UInt64 COMMENT 'Retention: payers with payments on two local days or more so far',
    repeat_payment_rate Nullable(Float64) COMMENT 'Repeat payers by payers, ratio; null without payers',
    renewed UInt64 COMMENT 'Persons who paid again on a later day or registered anew',
    sessions_per_visitor Nullable(Float64) COMMENT 'Frequency: sessions by visitors; null without visitors',
    payment_days_per_payer Nullable(Float64) COMMENT 'Frequency: days with a payment by payers; null without payers',
    invitations UInt64 COMMENT 'Referral: invitations they sent, and referrals beyond those invitations: each was one',
    referrers UInt64 COMMENT 'Referral: persons of theirs who invited or referred somebody',
    referrals UInt64 COMMENT 'Referral: persons whom they referred',
    referred_customers UInt64 COMMENT 'Of these, who registered or paid so far',
    referred_people UInt64 COMMENT 'Persons of the group who were themselves referred',
    invitations_per_customer Nullable(Float64) COMMENT 'Invitations by customers; null without customers or without any invitation',
    invitation_conversion Nullable(Float64) COMMENT 'Referred customers by invitations, ratio; null without invitations',
    viral_k Nullable(Float64) COMMENT 'Viral index K: invitations a customer by their conversion; null without customers or without any invitation',
    reviews Nullable(Float64) COMMENT 'Referral: measures named reviews that lie in the period, added up; of the channel or the month; null when none or asked otherwise',
    revenue Int64 COMMENT 'Revenue: their payments so far less refunds, won',
    arpu Nullable(Float64) COMMENT 'Revenue by payers, won; null without payers',
    revenue_per_person Float64 COMMENT 'Revenue by people, won',
    payments UInt64 COMMENT 'Payments over 0 so far',
    average_payment Nullable(Float64) COMMENT 'Payments over 0, added up, by their number, won; null without any',
    payments_per_month Nullable(Float64) COMMENT 'Payments over 0 by months of use of the payers; null without any',
    months_of_use Nullable(Float64) COMMENT 'Months from first to last payment, both counted, an average payer so far; null without any',
    ltv_observed Nullable(Float64) COMMENT 'CLTV: average payment by payments per month by months of use, won so far; null without payers',
    ltv_assumed Nullable(Float64) COMMENT 'LTV: average months of use by average monthly revenue as the site states them, won; null when not stated',
    recorded_until Date COMMENT 'Local day of the site''s last touch, stage or payment: up to it all of this is counted'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    throwIf(
        NOT has(['site', 'channel', 'campaign', 'landing_page', 'cohort', 'channel_and_cohort', 'branch', 'service'], {by:String}),
        'by is site, channel, campaign, landing_page, cohort, channel_and_cohort, branch or service'
    ) AS refused,
    {by:String} IN ('channel', 'channel_and_cohort') AS by_channel,
    {by:String} IN ('cohort', 'channel_and_cohort') AS by_cohort
SELECT
    site,
    if({by:String} = 'branch', person.branch, '') AS branch,
    if(by_channel, person.channel, '') AS channel,
    if({by:String} = 'campaign', person.campaign, '') AS campaign,
    if({by:String} = 'landing_page', cutFragment(cutQueryString(person.landing_page)), '') AS landing_page,
    if({by:String} = 'service', person.service, '') AS service,
    if(by_cohort, person.cohort, NULL) AS cohort,
    count() AS people,
    countIf(person.sessions > 0) AS visitors,
    sum(person.sessions) AS sessions,
    countIf(inquiry_at IS NOT NULL) AS inquirers,
    countIf(consult_at IS NOT NULL) AS consulted,
    countIf(registration_at IS NOT NULL) AS registered,
    countIf(person.payments > 0) AS payers,
    countIf(customer) AS customers,
    inquirers / people AS inquiry_rate,
    consulted / people AS consult_rate,
    payers / people AS first_payment_rate,
    countIf(session_days > 1) AS revisitors,
    if(visitors = 0, NULL, revisitors / visitors) AS revisit_rate,
    countIf(payment_days > 1) AS repeat_payers,
    if(payers = 0, NULL, repeat_payers / payers) AS repeat_payment_rate,
    countIf(renewed_at IS NOT NULL) AS renewed,
    if(visitors = 0, NULL, sessions / visitors) AS sessions_per_visitor,
    if(payers = 0, NULL, sum(payment_days) / payers) AS payment_days_per_payer,
    sum(greatest(person.invitations, person.referrals)) AS invitations,
    countIf(person.invitations > 0 OR person.referrals > 0) AS referrers,
    sum(person.referrals) AS referrals,
    sum(person.referred_customers) AS referred_customers,
    countIf(referred) AS referred_people,
    if(customers = 0 OR invitations = 0, NULL, invitations / customers) AS invitations_per_customer,
    if(invitations = 0, NULL, referred_customers / invitations) AS invitation_conversion,
    invitations_per_customer * invitation_conversion AS viral_k,
    any(measured.reviews) AS reviews,
    sum(person.revenue) AS revenue,
    if(payers = 0, NULL, revenue / payers) AS arpu,
    revenue / people AS revenue_per_person,
    sum(person.payments) AS payments,
    if(payments = 0, NULL, sum(person.paid) / payments) AS average_payment,
    if(payments = 0, NULL, payments / sum(person.months_of_use)) AS payments_per_month,
    if(payers = 0, NULL, sum(person.months_of_use) / payers) AS months_of_use,
    average_payment * payments_per_month * months_of_use AS ltv_observed,
    any(settings.ltv) AS ltv_assumed,
    any(person.recorded_until) AS recorded_until
FROM
(
    SELECT
        *, if(by_channel, channel, '') AS channel_asked, if(by_cohort, cohort, toDate(0)) AS cohort_asked
    FROM headwater.people(sites = {sites:Array(String)}, branches = {branches:Array(String)}, run = {run:String})
    WHERE refused = 0 AND acquired_on BETWEEN {since:Date} AND {until:Date}
) AS person
LEFT JOIN
(
    SELECT
        site, if(by_channel, channel, '') AS channel_asked, if(by_cohort, toStartOfMonth(period_start), toDate(0)) AS cohort_asked,
        sum(toNullable(value)) AS reviews
    FROM headwater.measures
    WHERE metric = 'reviews' AND period_start >= {since:Date} AND period_end <= {until:Date}
        AND {by:String} IN ('site', 'channel', 'cohort', 'channel_and_cohort')
        AND (length({branches:Array(String)}) = 0 OR has({branches:Array(String)}, branch))
    GROUP BY site, channel_asked, cohort_asked
) AS measured USING (site, channel_asked, cohort_asked)
LEFT JOIN
(
    SELECT site, ltv_months * ltv_monthly_revenue AS ltv
    FROM headwater.newest_site_rows AS rows
    WHERE rows.run = (SELECT max(label) FROM headwater.visible_runs WHERE run = {run:String})
) AS settings USING (site)
GROUP BY site, branch, channel, campaign, landing_page, service, cohort
COMMENT 'One site and group of persons acquired in a period, with all five stages of AARRR so far'
