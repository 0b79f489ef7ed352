-- One row is one run whose rows may be seen, and the label they have (private).
-- What may be seen turns with a whole second that is still to come when it is written, and a query goes by the second in
-- which it began: whatever views it reads, and whenever it comes to them, it finds the same runs.
CREATE OR REPLACE VIEW headwater.visible_runs
(
    label String COMMENT 'What stands in the column run of its rows',
    run String COMMENT 'Name of the run',
    models Array(String) COMMENT 'Attribution models it has',
    offsets String COMMENT 'What it read, JSON as in runs; empty for live, which reads on'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    if(count() = 0, 'live', argMax(live_rows.label, number)) AS label, 'live' AS run,
    ['first', 'last', 'linear', 'time_decay', 'position'] AS models, '' AS offsets
FROM headwater.live_rows
WHERE swapped_at <= initialQueryStartTime()
UNION ALL
SELECT run AS label, run, models, offsets
FROM headwater.run_rows FINAL
WHERE run != 'live' AND NOT position(run, '~') AND (
    (status = 'done' AND counts_from <= initialQueryStartTime())
    OR (status = 'dropping' AND finished_at IS NOT NULL AND counts_from > initialQueryStartTime())
)
COMMENT 'One run whose rows may be seen, and the label they have (private)'
