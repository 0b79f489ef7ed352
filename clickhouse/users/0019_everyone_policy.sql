-- Once a view has a policy, those that none names see nothing of it.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE ROW POLICY IF NOT EXISTS headwater_everything ON
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
    USING 1
    TO headwater_analyst, headwater_grafana, headwater_owner
