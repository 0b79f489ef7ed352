-- One row is one brand in a month with its share of all that was searched for.
CREATE OR REPLACE VIEW headwater.share_of_search
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    month Date COMMENT 'First day of the month',
    brand String COMMENT 'Brand searched for',
    own UInt8 COMMENT '1 when the brand is the business''s own',
    volume UInt64 COMMENT 'Searches of the month, all its keywords together',
    share Nullable(Float64) COMMENT 'Volume by the volume of all brands, ratio; null when nobody searched',
    relative_share Nullable(Float64) COMMENT 'Volume by that of the leading brand, ratio; null when nobody searched'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, '' AS branch, month, one.1 AS brand, one.2 AS own, one.3 AS volume,
    if(total = 0, NULL, volume / total) AS share, if(leading = 0, NULL, volume / leading) AS relative_share
FROM
(
    SELECT site, month, groupArray((brand, own, volume)) AS brands, sum(volume) AS total, max(volume) AS leading
    FROM
    (
        SELECT
            search_volumes.site AS site, search_volumes.month AS month, search_volumes.brand AS brand,
            max(search_volumes.own) AS own, sum(search_volumes.volume) AS volume
        FROM headwater.search_volumes AS search_volumes
        GROUP BY site, month, brand
    )
    GROUP BY site, month
)
ARRAY JOIN brands AS one
COMMENT 'One brand in a month with its share of all that was searched for'
