-- One row is one conversion with its path and the credits of all models.
CREATE TABLE IF NOT EXISTS headwater.conversion_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    conversion_id String COMMENT 'Id of the conversion: lead and stage, or the payment',
    lead_id String COMMENT 'The lead; empty when only the person is known',
    person_id String COMMENT 'The person: smallest identifier of the component',
    stage LowCardinality(String) COMMENT 'Stage reached; also re_registration and payment (a payment on its own path)',
    converted_at DateTime64(6,'UTC') COMMENT 'When the stage was reached, UTC',
    day Date COMMENT 'Local day of the site',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    event_id String COMMENT 'The event that made the conversion',
    touch_ids Array(String) COMMENT 'Touches on the path in order; one empty id when there is none',
    touched_at Array(DateTime64(6,'UTC')) COMMENT 'Times of the touches, UTC, aligned with touch_ids',
    channels Array(String) COMMENT 'Channels of the touches, aligned with touch_ids; unattributed without touches',
    campaigns Array(String) COMMENT 'Campaigns of the touches, aligned with touch_ids',
    w_first Array(UInt32) COMMENT 'Credit under first, parts of 10^-9, sum 10^9, aligned with touch_ids; 0 is not credited',
    w_last Array(UInt32) COMMENT 'Credit under last, parts of 10^-9, sum 10^9, aligned with touch_ids; 0 is not credited',
    w_linear Array(UInt32) COMMENT 'Credit under linear, parts of 10^-9, sum 10^9, aligned with touch_ids; 0 is not credited',
    w_time_decay Array(UInt32) COMMENT 'Credit under time_decay, parts of 10^-9, sum 10^9, aligned with touch_ids; 0 is not credited',
    w_position Array(UInt32) COMMENT 'Credit under position, parts of 10^-9, sum 10^9, aligned with touch_ids; 0 is not credited',
    w_markov Array(UInt32) DEFAULT [] COMMENT 'Credit under markov, parts of 10^-9, sum 10^9, aligned with touch_ids; empty when the run does not have the model',
    w_markov_2 Array(UInt32) DEFAULT [] COMMENT 'Credit under markov_2, parts of 10^-9, sum 10^9, aligned with touch_ids; empty when the run does not have the model',
    w_shapley Array(UInt32) DEFAULT [] COMMENT 'Credit under shapley, parts of 10^-9, sum 10^9, aligned with touch_ids; empty when the run does not have the model',
    r_first Array(Int64) COMMENT 'Revenue credited under first, won, aligned with touch_ids; empty when none',
    r_last Array(Int64) COMMENT 'Revenue credited under last, won, aligned with touch_ids; empty when none',
    r_linear Array(Int64) COMMENT 'Revenue credited under linear, won, aligned with touch_ids; empty when none',
    r_time_decay Array(Int64) COMMENT 'Revenue credited under time_decay, won, aligned with touch_ids; empty when none',
    r_position Array(Int64) COMMENT 'Revenue credited under position, won, aligned with touch_ids; empty when none',
    r_markov Array(Int64) DEFAULT [] COMMENT 'Revenue credited under markov, won, aligned with touch_ids; empty when none',
    r_markov_2 Array(Int64) DEFAULT [] COMMENT 'Revenue credited under markov_2, won, aligned with touch_ids; empty when none',
    r_shapley Array(Int64) DEFAULT [] COMMENT 'Revenue credited under shapley, won, aligned with touch_ids; empty when none',
    c_first Array(Int64) COMMENT 'Cash credited under first, won, aligned with touch_ids; empty when none',
    c_last Array(Int64) COMMENT 'Cash credited under last, won, aligned with touch_ids; empty when none',
    c_linear Array(Int64) COMMENT 'Cash credited under linear, won, aligned with touch_ids; empty when none',
    c_time_decay Array(Int64) COMMENT 'Cash credited under time_decay, won, aligned with touch_ids; empty when none',
    c_position Array(Int64) COMMENT 'Cash credited under position, won, aligned with touch_ids; empty when none',
    c_markov Array(Int64) DEFAULT [] COMMENT 'Cash credited under markov, won, aligned with touch_ids; empty when none',
    c_markov_2 Array(Int64) DEFAULT [] COMMENT 'Cash credited under markov_2, won, aligned with touch_ids; empty when none',
    c_shapley Array(Int64) DEFAULT [] COMMENT 'Cash credited under shapley, won, aligned with touch_ids; empty when none',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, conversion_id)
COMMENT 'One conversion with its path and the credits of all models'
