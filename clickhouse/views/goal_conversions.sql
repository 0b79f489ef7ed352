-- One row is one goal reached in one session that began in a period.
CREATE OR REPLACE VIEW headwater.goal_conversions
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch String COMMENT 'Slug of the place of the session; empty when unknown',
    goal String COMMENT 'Id of the goal',
    session_id String COMMENT 'The session: its touch_id, the event it begins with',
    person_id String COMMENT 'The person of the session: smallest identifier of the component',
    channel String COMMENT 'Channel slug of the session',
    campaign String COMMENT 'Campaign slug of the session; empty when none',
    landing_page String COMMENT 'Host and path of the session''s first page',
    day Date COMMENT 'Local day on which the session began',
    reached_at DateTime64(6, 'UTC') COMMENT 'When the goal was first reached in the session, UTC',
    event_id String COMMENT 'The page, the content or the conversion that reached it',
    value Nullable(Float64) COMMENT 'Value of the goal, won; null where the catalog gives none'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, branch, one.1 AS goal, session_id, person_id, channel, campaign, seen[1].3 AS landing_page, day,
    one.2 AS reached_at, one.3 AS event_id, one.4 AS value
FROM headwater.session_goals(
    sites = {sites:Array(String)}, branches = {branches:Array(String)}, since = {since:Date}, until = {until:Date},
    run = {run:String}
) AS reached
ARRAY JOIN goals AS one
COMMENT 'One goal reached in one session that began in a period'
