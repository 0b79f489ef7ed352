-- The public views that have a site; a test holds the list complete.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
GRANT
    SELECT ON headwater.calls,
    SELECT ON headwater.campaign_windows,
    SELECT ON headwater.campaigns,
    SELECT ON headwater.channel_funnel_daily,
    SELECT ON headwater.channel_scoreboard,
    SELECT ON headwater.channels,
    SELECT ON headwater.conversions,
    SELECT ON headwater.credits,
    SELECT ON headwater.dead_letters,
    SELECT ON headwater.events,
    SELECT ON headwater.explanations,
    SELECT ON headwater.inquiry_cohorts_monthly,
    SELECT ON headwater.leads,
    SELECT ON headwater.marketing_mix_sufficiency,
    SELECT ON headwater.marketing_mix_weekly,
    SELECT ON headwater.measures,
    SELECT ON headwater.model_weights,
    SELECT ON headwater.payments,
    SELECT ON headwater.search_volumes,
    SELECT ON headwater.sites,
    SELECT ON headwater.spend_daily,
    SELECT ON headwater.touches
TO headwater_tenant
