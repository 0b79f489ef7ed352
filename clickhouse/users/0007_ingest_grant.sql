-- Every private table; a test holds the list complete.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
GRANT
    SELECT ON headwater.event_archive, INSERT ON headwater.event_archive,
    SELECT ON headwater.touch_rows, INSERT ON headwater.touch_rows,
    SELECT ON headwater.conversion_rows, INSERT ON headwater.conversion_rows,
    SELECT ON headwater.payment_rows, INSERT ON headwater.payment_rows,
    SELECT ON headwater.lead_rows, INSERT ON headwater.lead_rows,
    SELECT ON headwater.call_rows, INSERT ON headwater.call_rows,
    SELECT ON headwater.spend_rows, INSERT ON headwater.spend_rows,
    SELECT ON headwater.funnel_rows, INSERT ON headwater.funnel_rows,
    SELECT ON headwater.campaign_rows, INSERT ON headwater.campaign_rows,
    SELECT ON headwater.site_rows, INSERT ON headwater.site_rows,
    SELECT ON headwater.channel_rows, INSERT ON headwater.channel_rows,
    SELECT ON headwater.run_rows, INSERT ON headwater.run_rows,
    SELECT ON headwater.dead_letter_rows, INSERT ON headwater.dead_letter_rows,
    SELECT ON headwater.fate_rows, INSERT ON headwater.fate_rows,
    SELECT ON headwater.step_rows, INSERT ON headwater.step_rows,
    SELECT ON headwater.owner_rows, INSERT ON headwater.owner_rows
TO headwater_ingest
