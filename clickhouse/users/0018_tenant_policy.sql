-- A tenant sees the site its user is named after. The policy is on the views, as they read the tables with their
-- owner's rights; README.md has the probe to run before a second tenant is let in.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE ROW POLICY IF NOT EXISTS headwater_tenant ON
    headwater.calls,
    headwater.campaign_windows,
    headwater.campaigns,
    headwater.channel_funnel_daily,
    headwater.channel_scoreboard,
    headwater.channels,
    headwater.conversions,
    headwater.credits,
    headwater.dead_letters,
    headwater.events,
    headwater.explanations,
    headwater.inquiry_cohorts_monthly,
    headwater.leads,
    headwater.marketing_mix_sufficiency,
    headwater.marketing_mix_weekly,
    headwater.measures,
    headwater.model_weights,
    headwater.payments,
    headwater.search_volumes,
    headwater.sites,
    headwater.spend_daily,
    headwater.touches
    USING site = substring(currentUser(), length('headwater_tenant_') + 1)
    TO headwater_tenant
