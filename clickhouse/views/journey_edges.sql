-- One row is one site, segment and step from one point of the journey to the next, with how many took it and how long they took.
CREATE OR REPLACE VIEW headwater.journey_edges
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    segment String COMMENT 'The channel, service, branch, way of inquiry, month or kind of customer asked by; empty where asked by site or unknown',
    source String COMMENT 'first_touch:<channel>, return, a stage of the site, payment or renewal',
    target String COMMENT 'The next of these in order of day; left when there is none, under_way when there is none yet',
    people UInt64 COMMENT 'Persons acquired in the period who went this way',
    median_seconds Nullable(Float64) COMMENT 'Median time between the two, s, at least 0; null for left and under_way'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, segment, hop.1 AS source, hop.2 AS target, count() AS people,
    if(target IN ('left', 'under_way'), NULL, quantileExactInclusive(0.5)(hop.3)) AS median_seconds
FROM headwater.journeys(
    sites = {sites:Array(String)}, branches = {branches:Array(String)}, since = {since:Date}, until = {until:Date},
    run = {run:String}, by = {by:String}
)
ARRAY JOIN arrayMap(
    (source, target, began, ended) -> (source, target, greatest(0, toUnixTimestamp64Micro(ended) - toUnixTimestamp64Micro(began)) / 1e6),
    steps, arrayPushBack(arrayPopFront(steps), ending), steps_at, arrayPushBack(arrayPopFront(steps_at), steps_at[-1])
) AS hop
WHERE hop.2 != 'finished'
GROUP BY site, segment, source, target
COMMENT 'One site, segment and step from one point of the journey to the next, with how many took it and how long they took'
