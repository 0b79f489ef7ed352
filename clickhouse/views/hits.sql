-- One row is one page seen within a session of a visitor.
CREATE OR REPLACE VIEW headwater.hits
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the session; empty when unknown',
    event_id String COMMENT 'The visit_seen or page_viewed',
    session_id String COMMENT 'The session: its touch_id, the event it begins with',
    person_id String COMMENT 'The person of the session: smallest identifier of the component',
    channel LowCardinality(String) COMMENT 'Channel slug of the session',
    campaign LowCardinality(String) COMMENT 'Campaign slug of the session; empty when none',
    seen_at DateTime64(6, 'UTC') COMMENT 'When the page was opened, UTC',
    day Date COMMENT 'Local day on which the session began',
    url String COMMENT 'Address as it was told',
    page String COMMENT 'Host and path',
    position UInt32 COMMENT 'Place in the session, from 1',
    host String COMMENT 'Host of the address in lower case, without www.; empty when it has none',
    path String COMMENT 'Path of the address; without a host the address up to its query'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        -- Runs that may be seen, and up to which offset of a partition each has read; live reads all there is.
        SELECT groupArray((
            label, run, JSONExtract(offsets, 'events', 'Map(String, Tuple(UInt64, UInt64, String))')
        ))
        FROM headwater.visible_runs
    ) AS visible,
    -- The address without its scheme, and of it what stands before the path.
    replaceRegexpOne(hit.3, '^([A-Za-z][A-Za-z0-9+.\\-]*:)?//', '') AS bare,
    extract(bare, '^[^/?#\\\\]*') AS authority,
    lowerUTF8(extract(replaceRegexpOne(authority, '^.*@', ''), '^\\s*([^:]*?)[\\s.]*(?::.*)?$')) AS named,
    match(named, '^[^\\s.:/]+(\\.[^\\s.:/]+)+$') OR (length(bare) < length(hit.3) AND match(named, '^[\\p{L}\\p{N}]+$'))
        AS has_host,
    if(has_host, replaceRegexpOne(named, '^www\\.', ''), '') AS host,
    if(
        has_host,
        concat(
            if(substring(bare, length(authority) + 1, 1) IN ('', '?', '#'), '/', ''),
            extract(substring(bare, length(authority) + 1), '^[^?#]*')
        ),
        extract(hit.3, '^[^?#]*')
    ) AS path
SELECT
    run, site, began.4.2 AS branch, hit.2 AS event_id, began.4.1 AS session_id, began.4.3 AS person_id,
    began.4.4 AS channel, began.4.5 AS campaign, hit.1 AS seen_at, began.4.6 AS day, hit.3 AS url,
    concat(host, path) AS page, toUInt32(number - began_number + 1) AS position, host, path
FROM
(
    -- A page belongs to its visitor's latest session begun at or before it, in the order of time and id.
    SELECT
        run, site,
        arraySort(groupArray((at, id, url, begins))) AS seen,
        arrayFill(one -> one.4.1 != '', seen) AS begun,
        arrayEnumerate(seen) AS numbers,
        arrayFill((number, one) -> one.4.1 != '', numbers, seen) AS begun_numbers
    FROM
    (
        -- Each page beside the session it begins, if it begins one.
        SELECT
            page.run AS run, page.site AS site, page.who AS who, page.at AS at, page.id AS id, page.url AS url,
            (session.id, session.branch, session.person_id, session.channel, session.campaign, session.day) AS begins
        FROM
        (
            SELECT one.2 AS run, site, id, who, at, url
            FROM
            (
                SELECT
                    site, partition, offset, event_id AS id, occurred_at AS at,
                    JSONExtract(
                        payload, 'Tuple(visitor_id String, session_id String, url String, bot String)'
                    ) AS body,
                    body.url AS url,
                    multiIf(
                        body.visitor_id != '', ('visitor', body.visitor_id),
                        body.session_id != '', ('session', body.session_id),
                        ('event', event_id)
                    ) AS who
                FROM headwater.event_archive FINAL
                WHERE type IN ('visit_seen', 'page_viewed') AND body.bot = ''
            )
            ARRAY JOIN visible AS one
            WHERE NOT mapContains(one.3, toString(partition)) OR offset < one.3[toString(partition)].2
        ) AS page
        LEFT JOIN
        (
            SELECT
                extract(touch.run, '^[^~]*') AS run, site, touch_id AS id, toString(branch) AS branch, person_id,
                toString(channel) AS channel, toString(campaign) AS campaign, day
            FROM headwater.newest_touch_rows AS touch
            WHERE touch.run IN arrayMap(one -> one.1, visible) AND kind = 'session'
        ) AS session ON session.run = page.run AND session.site = page.site AND session.id = page.id
        LEFT JOIN
        (
            SELECT one.2 AS run, site, JSONExtractString(payload, 'withdraws') AS id
            FROM headwater.event_archive FINAL
            ARRAY JOIN visible AS one
            WHERE type = 'event_withdrawn'
                AND (NOT mapContains(one.3, toString(partition)) OR offset < one.3[toString(partition)].2)
            GROUP BY run, site, id
        ) AS gone ON gone.run = page.run AND gone.site = page.site AND gone.id = page.id
        WHERE gone.id = ''
    )
    GROUP BY run, site, who
)
ARRAY JOIN seen AS hit, begun AS began, numbers AS number, begun_numbers AS began_number
WHERE began.4.1 != ''
COMMENT 'One page seen within a session of a visitor'
