-- One row is one audit of a partition of live: what was computed anew and compared with what is stored.
CREATE OR REPLACE VIEW headwater.audits
(
    partition UInt16 COMMENT 'Kafka partition of both topics',
    started_at DateTime64(6, 'UTC') COMMENT 'When it started, UTC',
    finished_at DateTime64(6, 'UTC') COMMENT 'When it ended, UTC',
    events_end UInt64 COMMENT 'Offset of headwater.events up to which was compared',
    catalog_end UInt64 COMMENT 'Offset of headwater.catalog up to which was compared',
    sites_compared UInt32 COMMENT 'Sites compared',
    sites_skipped UInt32 COMMENT 'Sites left out because they changed meanwhile',
    differences UInt64 COMMENT 'Rows that were not what the log says',
    repaired UInt64 COMMENT 'Of these, put right',
    found String COMMENT 'The differences, JSON: a list of site, table, key and offsets; at most the first thousand'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    partition, started_at, finished_at, events_end, catalog_end, sites_compared, sites_skipped, differences, repaired,
    found
FROM headwater.audit_rows FINAL
COMMENT 'One audit of a partition of live: what was computed anew and compared with what is stored'
