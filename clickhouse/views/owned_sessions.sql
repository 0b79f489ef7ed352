-- One row is one session that began in a period and what it counts for among owned media.
-- The class of a channel is its kind in the catalog, else its slug: `owned` or `organic_search` as the kind of a channel of
-- one's own makes it that. A keyword of a list is contained in what was typed, blanks and case apart.
CREATE OR REPLACE VIEW headwater.owned_sessions
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the session; empty when unknown',
    session_id String COMMENT 'The session: its touch_id, the event it begins with',
    person_id String COMMENT 'The person: smallest identifier of the component',
    started_at DateTime64(6, 'UTC') COMMENT 'When it began, UTC',
    day Date COMMENT 'Local day of the site',
    channel LowCardinality(String) COMMENT 'Channel slug',
    channel_class String COMMENT 'Kind of the channel in the catalog, else its slug',
    campaign LowCardinality(String) COMMENT 'Campaign slug; empty when none',
    keyword String COMMENT 'Keyword; empty when unknown',
    landing_page String COMMENT 'Host and path of its first page',
    content String COMMENT 'Id of the content it landed on; empty when none',
    is_direct UInt8 COMMENT '1 when its channel is direct',
    is_owned UInt8 COMMENT '1 when its channel is owned media: direct, organic, messages of one''s own, or of the kind owned',
    is_inflow UInt8 COMMENT '1 when it came by organic search, shopping, video, social or a channel of the kind owned',
    has_keyword UInt8 COMMENT '1 when it came by organic search with a known keyword',
    is_brand UInt8 COMMENT '1 when that keyword is on a brand list',
    is_negative UInt8 COMMENT '1 when that keyword is on a negative list',
    is_target UInt8 COMMENT '1 when that keyword is on a target list',
    on_target UInt8 COMMENT '1 when it is inflow on target: by its keyword where known, else by landing on content where the catalog has any',
    reference_cpc Nullable(Float64) COMMENT 'What a click like it costs, won: of the content, else of the site, else paid for clicks in the period; null when nothing says',
    inflow_value Nullable(Float64) COMMENT 'reference_cpc when on target, else 0, won; null when on target and nothing says what a click costs'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- The label whose rows are the asked run's; none when there is no such run.
    (SELECT max(label) FROM headwater.visible_runs WHERE run = {run:String}) AS asked_label,
    replaceRegexpOne(touch.landing_page, '^([A-Za-z][A-Za-z0-9+.\\-]*:)?//', '') AS bare,
    extract(bare, '^[^/?#\\\\]*') AS authority,
    lowerUTF8(extract(replaceRegexpOne(authority, '^.*@', ''), '^\\s*([^:]*?)[\\s.]*(?::.*)?$')) AS named,
    match(named, '^[^\\s.:/]+(\\.[^\\s.:/]+)+$')
        OR (length(bare) < length(touch.landing_page) AND match(named, '^[\\p{L}\\p{N}]+$')) AS has_host,
    if(has_host, replaceRegexpOne(named, '^www\\.', ''), '') AS host,
    if(
        has_host,
        concat(
            if(substring(bare, length(authority) + 1, 1) IN ('', '?', '#'), '/', ''),
            extract(substring(bare, length(authority) + 1), '^[^?#]*')
        ),
        extract(touch.landing_page, '^[^?#]*')
    ) AS path,
    replaceRegexpAll(caseFoldUTF8(normalizeUTF8NFC(touch.keyword)), '\\s+', '') AS typed,
    arrayFirst(one -> has(one.2, concat(host, path)) OR has(one.2, path), contents) AS landed
SELECT
    touch.site AS site, touch.branch AS branch, touch_id AS session_id, person_id, touched_at AS started_at, day,
    touch.channel AS channel, if(kinds.kind = '', toString(touch.channel), toString(kinds.kind)) AS channel_class,
    campaign, keyword, concat(host, path) AS landing_page, landed.1 AS content,
    channel_class = 'direct' AS is_direct,
    is_inflow OR channel_class IN ('direct', 'email', 'sms', 'push', 'messenger', 'maps') AS is_owned,
    channel_class IN ('organic_search', 'organic_shopping', 'organic_social', 'organic_video', 'owned') AS is_inflow,
    channel_class = 'organic_search' AND typed != '' AS has_keyword,
    has_keyword AND arrayExists(one -> position(typed, one) > 0, brand) AS is_brand,
    has_keyword AND arrayExists(one -> position(typed, one) > 0, negative) AS is_negative,
    has_keyword AND arrayExists(one -> position(typed, one) > 0, target) AS is_target,
    is_inflow AND multiIf(
        has_keyword AND notEmpty(target), is_target,
        has_keyword, NOT is_negative,
        empty(contents) OR content != ''
    ) AS on_target,
    coalesce(landed.3, stated, paid) AS reference_cpc,
    if(on_target, reference_cpc, 0) AS inflow_value
FROM headwater.newest_touch_rows AS touch
LEFT JOIN
(
    SELECT site, channel, kind
    FROM headwater.newest_channel_rows
    WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
) AS kinds ON kinds.site = touch.site AND kinds.channel = touch.channel
LEFT JOIN
(
    SELECT
        site,
        arrayDistinct(arrayFlatten(groupArrayIf(words, said.list_kind = 'brand'))) AS brand,
        arrayDistinct(arrayFlatten(groupArrayIf(words, said.list_kind = 'negative'))) AS negative,
        arrayDistinct(arrayFlatten(groupArrayIf(words, said.list_kind = 'target'))) AS target,
        arraySort(one -> one.1, groupArrayIf((id, pages, said.reference_cpc), kind = 'content')) AS contents
    FROM
    (
        SELECT
            site, id, kind,
            JSONExtract(
                definition,
                'Tuple(list_kind String, keywords Array(String), landing_pages Array(String), reference_cpc Nullable(Float64))'
            ) AS said,
            arrayFilter(
                one -> one != '',
                arrayMap(one -> replaceRegexpAll(caseFoldUTF8(normalizeUTF8NFC(one)), '\\s+', ''), said.keywords)
            ) AS words,
            -- a path as it is; an address without scheme, www. and query, its host in lower case
            arrayMap(
                one -> if(
                    startsWith(one, '/') AND NOT startsWith(one, '//'),
                    extract(one, '^[^?#]*'),
                    (
                        extract(replaceRegexpOne(one, '^([A-Za-z][A-Za-z0-9+.\\-]*:)?//', ''), '^[^?#]*') AS rest,
                        concat(
                            replaceRegexpOne(lowerUTF8(extract(rest, '^[^/]*')), '^www\\.', ''),
                            if(position(rest, '/') = 0, '/', substring(rest, position(rest, '/')))
                        )
                    ).2
                ),
                said.landing_pages
            ) AS pages
        FROM headwater.newest_definition_rows
        WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            AND kind IN ('keyword_list', 'content')
    )
    GROUP BY site
) AS lists ON lists.site = touch.site
LEFT JOIN
(
    SELECT site, JSONExtract(settings, 'reference_cpc', 'Nullable(Float64)') AS stated
    FROM headwater.newest_site_rows
    WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
) AS settings ON settings.site = touch.site
LEFT JOIN
(
    -- What the site paid for a click: media cost whose clicks were told, of spends that touch the period, each whole.
    SELECT site, sum(arraySum(amounts)) / sum(clicks) AS paid
    FROM headwater.newest_spend_rows
    WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
        AND kind = 'media' AND clicks > 0
        AND first_day <= {until:Date} AND toInt64(first_day) + toInt64(length(amounts)) > toInt64({since:Date})
    GROUP BY site
) AS bought_clicks ON bought_clicks.site = touch.site
WHERE touch.run = asked_label AND touch.kind = 'session'
    AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, touch.site))
    AND (length({branches:Array(String)}) = 0 OR has({branches:Array(String)}, touch.branch))
    AND touch.day BETWEEN {since:Date} AND {until:Date}
COMMENT 'One session that began in a period and what it counts for among owned media'
