-- One row is one local day of a site, branch, channel and campaign with the counts of all models.
CREATE TABLE IF NOT EXISTS headwater.funnel_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    day Date COMMENT 'Local day of the site',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    channel LowCardinality(String) COMMENT 'Channel slug',
    campaign LowCardinality(String) COMMENT 'Campaign slug; empty when none',
    visits Int64 COMMENT 'Sessions',
    scans Int64 COMMENT 'Distinct QR scans',
    calls Int64 COMMENT 'Counted inbound calls',
    inquiries Array(Int64) COMMENT 'Credited inquiries, parts of 10^-9, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    consults Array(Int64) COMMENT 'Credited consults, parts of 10^-9, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    registrations Array(Int64) COMMENT 'Credited registrations, parts of 10^-9, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    re_registrations Array(Int64) COMMENT 'Credited returns after dormant, parts of 10^-9, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    revenue Array(Int64) COMMENT 'Revenue on the registration''s day, won, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    cash Array(Int64) COMMENT 'Payments on the payment''s day, won, array of the models first, last, linear, time_decay, position, and in a run with data-driven ones markov, markov_2, shapley',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, day, branch, channel, campaign)
COMMENT 'One local day of a site, branch, channel and campaign with the counts of all models'
