-- One row is one run: the live one or a replay.
CREATE OR REPLACE VIEW headwater.runs
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    settings String COMMENT 'What was set for the run, JSON; {} when nothing',
    catalog_hash String COMMENT 'SHA-256 of the catalog entries that counted, hex; empty for live',
    code_version LowCardinality(String) COMMENT 'Version of the code; empty for live',
    started_at DateTime64(6, 'UTC') COMMENT 'When it started, UTC',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it ended, UTC; null while it runs',
    status LowCardinality(String) COMMENT 'running, done, dropping or failed; the rows of a replay are seen when it is done',
    event_count UInt64 COMMENT 'Events applied',
    digest String COMMENT 'SHA-256 over its rows in every table, hex; empty for live and until it is done',
    offsets String COMMENT 'What it read, JSON: topic, partition, [first offset, end offset, mark of the first record]',
    models Array(String) COMMENT 'Attribution models it has',
    seconds Float64 COMMENT 'Working time, seconds; 0 for live'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    run, settings, catalog_hash, code_version, started_at, finished_at, status, event_count, digest, offsets, models,
    seconds
FROM headwater.run_rows FINAL
WHERE run != 'live' AND NOT position(run, '~')
UNION ALL
SELECT
    'live' AS run, '{}' AS settings, '' AS catalog_hash, '' AS code_version, started_at, NULL AS finished_at,
    'running' AS status, event_count, '' AS digest,
    toJSONString(map('events', events, 'catalog', catalog)) AS offsets, models, 0 AS seconds
FROM
(
    SELECT
        CAST(arraySort(groupArray((toString(partition), (events_first, reached.1, events_mark)))),
            'Map(String, Tuple(UInt64, UInt64, String))') AS events,
        CAST(arraySort(groupArray((toString(partition), (catalog_first, reached.2, catalog_mark)))),
            'Map(String, Tuple(UInt64, UInt64, String))') AS catalog
    FROM
    (
        SELECT
            step.partition AS partition,
            argMax(
                if(done, (last, catalog_last), (first, step.catalog_first)),
                (first + step.catalog_first, owner, writer)
            ) AS reached
        FROM headwater.step_rows AS step FINAL
        WHERE label = (SELECT label FROM headwater.visible_runs WHERE run = 'live')
            AND (label, partition, owner) IN (SELECT label, partition, owner FROM headwater.owner_rows)
        GROUP BY partition
    ) AS tips
    LEFT JOIN
    (
        SELECT
            partition,
            maxIf(first, topic = 'headwater.events') AS events_first,
            maxIf(mark, topic = 'headwater.events') AS events_mark,
            maxIf(first, topic = 'headwater.catalog') AS catalog_first,
            maxIf(mark, topic = 'headwater.catalog') AS catalog_mark
        FROM headwater.log_rows FINAL
        GROUP BY partition
    ) AS identities USING (partition)
) AS read
CROSS JOIN
(
    SELECT min(at) AS started_at
    FROM headwater.owner_rows
    WHERE label = (SELECT label FROM headwater.visible_runs WHERE run = 'live')
) AS claimed
CROSS JOIN
(
    SELECT sum(last - first + 1) AS event_count
    FROM headwater.fate_rows FINAL
    WHERE topic = 'headwater.events' AND fate = 'applied'
) AS told
CROSS JOIN (SELECT models FROM headwater.visible_runs WHERE run = 'live') AS seen
COMMENT 'One run: the live one or a replay'
