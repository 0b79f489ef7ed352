-- Every private table, and to drop the rows of a run or of a damaged table; a test holds the list complete.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
GRANT
    SELECT ON headwater.event_archive, INSERT ON headwater.event_archive, ALTER DELETE ON headwater.event_archive,
    SELECT ON headwater.touch_rows, INSERT ON headwater.touch_rows, ALTER DELETE ON headwater.touch_rows,
    SELECT ON headwater.conversion_rows, INSERT ON headwater.conversion_rows, ALTER DELETE ON headwater.conversion_rows,
    SELECT ON headwater.payment_rows, INSERT ON headwater.payment_rows, ALTER DELETE ON headwater.payment_rows,
    SELECT ON headwater.lead_rows, INSERT ON headwater.lead_rows, ALTER DELETE ON headwater.lead_rows,
    SELECT ON headwater.call_rows, INSERT ON headwater.call_rows, ALTER DELETE ON headwater.call_rows,
    SELECT ON headwater.spend_rows, INSERT ON headwater.spend_rows, ALTER DELETE ON headwater.spend_rows,
    SELECT ON headwater.funnel_rows, INSERT ON headwater.funnel_rows, ALTER DELETE ON headwater.funnel_rows,
    SELECT ON headwater.campaign_rows, INSERT ON headwater.campaign_rows, ALTER DELETE ON headwater.campaign_rows,
    SELECT ON headwater.site_rows, INSERT ON headwater.site_rows, ALTER DELETE ON headwater.site_rows,
    SELECT ON headwater.channel_rows, INSERT ON headwater.channel_rows, ALTER DELETE ON headwater.channel_rows,
    SELECT ON headwater.run_rows, INSERT ON headwater.run_rows,
    SELECT ON headwater.dead_letter_rows, INSERT ON headwater.dead_letter_rows, ALTER DELETE ON headwater.dead_letter_rows,
    SELECT ON headwater.fate_rows, INSERT ON headwater.fate_rows, ALTER DELETE ON headwater.fate_rows,
    SELECT ON headwater.step_rows, INSERT ON headwater.step_rows, ALTER DELETE ON headwater.step_rows,
    SELECT ON headwater.owner_rows, INSERT ON headwater.owner_rows, ALTER DELETE ON headwater.owner_rows,
    SELECT ON headwater.run_part_rows, INSERT ON headwater.run_part_rows, ALTER DELETE ON headwater.run_part_rows,
    SELECT ON headwater.live_rows, INSERT ON headwater.live_rows,
    SELECT ON headwater.log_rows, INSERT ON headwater.log_rows,
    SELECT ON headwater.model_rows, INSERT ON headwater.model_rows, ALTER DELETE ON headwater.model_rows,
    SELECT ON headwater.audit_rows, INSERT ON headwater.audit_rows, ALTER DELETE ON headwater.audit_rows,
    SELECT ON headwater.pipeline_rows, INSERT ON headwater.pipeline_rows,
    OPTIMIZE ON headwater.event_archive, OPTIMIZE ON headwater.touch_rows, OPTIMIZE ON headwater.conversion_rows,
    OPTIMIZE ON headwater.payment_rows, OPTIMIZE ON headwater.lead_rows, OPTIMIZE ON headwater.call_rows
TO headwater_ingest
