-- One row is one page with its views in a period and the value of the goals it led to.
CREATE OR REPLACE VIEW headwater.page_values
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    page String COMMENT 'Host and path',
    views UInt64 COMMENT 'Times it was seen in sessions that began in the period',
    unique_views UInt64 COMMENT 'Sessions that saw it',
    entrances UInt64 COMMENT 'Sessions that began with it',
    converting_sessions UInt64 COMMENT 'Sessions that saw it before they reached a goal',
    path_views UInt64 COMMENT 'Times it was seen before the last goal of its session',
    goal_value Float64 COMMENT 'Value of the goals reached after it in its sessions, won; each goal once a session',
    page_value Float64 COMMENT 'Goal value by all unique views, converting or not, won',
    page_value_every_view Nullable(Float64) COMMENT 'Goal value by views on the paths, every one counted, won; null when it is on none'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, page, sum(times) AS views, count() AS unique_views, sum(is_entrance) AS entrances,
    countIf(times_before > 0) AS converting_sessions, sum(times_before) AS path_views, sum(worth) AS goal_value,
    goal_value / unique_views AS page_value, if(path_views = 0, NULL, goal_value / path_views) AS page_value_every_view
FROM
(
    SELECT
        site, page,
        length(views) AS times,
        views[1] = (seen[1].1, seen[1].2) AS is_entrance,
        arrayCount(view -> view < last_goal, views) AS times_before,
        arraySum(one -> if(views[1] < (one.2, one.3), ifNull(one.4, 0), 0), goals) AS worth
    FROM
    (
        SELECT
            site, seen, goals,
            arrayMax(arrayMap(one -> (one.2, one.3), goals)) AS last_goal,
            arrayDistinct(arrayMap(one -> one.3, seen)) AS pages
        FROM headwater.session_goals(
            sites = {sites:Array(String)}, branches = {branches:Array(String)}, since = {since:Date},
            until = {until:Date}, run = {run:String}
        )
    )
    ARRAY JOIN pages AS page, arrayMap(page -> arrayMap(one -> (one.1, one.2), arrayFilter(one -> one.3 = page, seen)), pages) AS views
)
GROUP BY site, page
COMMENT 'One page with its views in a period and the value of the goals it led to'
