-- One row is one campaign with the results inside its window.
CREATE TABLE IF NOT EXISTS headwater.campaign_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    campaign String COMMENT 'Campaign slug',
    name String COMMENT 'Name for people',
    channel LowCardinality(String) COMMENT 'Channel slug; empty when none',
    budget Int64 COMMENT 'Budget, won; 0 when none',
    starts_on Nullable(Date) COMMENT 'First local day of the window',
    ends_on Nullable(Date) COMMENT 'Last local day of the window; open when null',
    goal_metric LowCardinality(String) COMMENT 'What the goal counts: a stage or a metric; empty when none',
    goal_count Nullable(Float64) COMMENT 'Goal in units of goal_metric',
    spent Int64 COMMENT 'Spent inside the window, won',
    visits Int64 COMMENT 'Sessions inside the window',
    scans Int64 COMMENT 'Distinct QR scans inside the window',
    calls Int64 COMMENT 'Counted inbound calls inside the window',
    inquiries Array(Int64) COMMENT 'Credited inquiries inside the window, parts of 10^-9, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    consults Array(Int64) COMMENT 'Credited consults inside the window, parts of 10^-9, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    registrations Array(Int64) COMMENT 'Credited registrations inside the window, parts of 10^-9, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    revenue Array(Int64) COMMENT 'Revenue of the window''s registrations, won, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    cash Array(Int64) COMMENT 'Payments inside the window, won, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, campaign)
COMMENT 'One campaign with the results inside its window'
