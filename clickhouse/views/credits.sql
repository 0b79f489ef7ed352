-- One row is one credit of one conversion to one touch under one model; zero weights are not shown.
CREATE OR REPLACE VIEW headwater.credits
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    model LowCardinality(String) COMMENT 'Attribution model: first, last, linear, time_decay, position, or where the run has it markov, markov_2 or shapley',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    conversion_id String COMMENT 'Id of the conversion',
    stage LowCardinality(String) COMMENT 'Stage reached; also re_registration and payment',
    converted_at DateTime64(6, 'UTC') COMMENT 'When the stage was reached, UTC',
    touch_id String COMMENT 'The touch credited; empty when unattributed',
    touched_at DateTime64(6, 'UTC') COMMENT 'Time of the touch, UTC; of the conversion when unattributed',
    channel LowCardinality(String) COMMENT 'Channel credited; unattributed without touches',
    campaign LowCardinality(String) COMMENT 'Campaign credited; empty when none',
    weight Decimal(10, 9) COMMENT 'Share of the conversion; the shares of one conversion and model sum to 1',
    revenue Int64 COMMENT 'Revenue credited, won',
    cash Int64 COMMENT 'All payments credited, won',
    day Date COMMENT 'Local day of the conversion'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArrayMap(map(model, label))
        FROM headwater.visible_runs
        ARRAY JOIN models AS model
    ) AS labels
SELECT *
FROM
(
    -- One SELECT a model: a reader of one model then reads that model's columns alone.
    SELECT
        extract(credited.run, '^[^~]*') AS run, 'first' AS model, site, branch, conversion_id, stage, converted_at,
        touch_id, path_time AS touched_at, channel, campaign, toDecimal64(parts, 9) / 1000000000 AS weight, revenue,
        cash, day
    FROM headwater.newest_conversion_rows AS credited
    ARRAY JOIN
        touch_ids AS touch_id, touched_at AS path_time, channels AS channel, campaigns AS campaign, w_first AS parts,
        if(empty(r_first), arrayWithConstant(length(touch_ids), toInt64(0)), r_first) AS revenue,
        if(empty(c_first), arrayWithConstant(length(touch_ids), toInt64(0)), c_first) AS cash
    WHERE credited.run IN labels['first'] AND parts > 0
    UNION ALL
    SELECT
        extract(credited.run, '^[^~]*') AS run, 'last' AS model, site, branch, conversion_id, stage, converted_at,
        touch_id, path_time AS touched_at, channel, campaign, toDecimal64(parts, 9) / 1000000000 AS weight, revenue,
        cash, day
    FROM headwater.newest_conversion_rows AS credited
    ARRAY JOIN
        touch_ids AS touch_id, touched_at AS path_time, channels AS channel, campaigns AS campaign, w_last AS parts,
        if(empty(r_last), arrayWithConstant(length(touch_ids), toInt64(0)), r_last) AS revenue,
        if(empty(c_last), arrayWithConstant(length(touch_ids), toInt64(0)), c_last) AS cash
    WHERE credited.run IN labels['last'] AND parts > 0
    UNION ALL
    SELECT
        extract(credited.run, '^[^~]*') AS run, 'linear' AS model, site, branch, conversion_id, stage, converted_at,
        touch_id, path_time AS touched_at, channel, campaign, toDecimal64(parts, 9) / 1000000000 AS weight, revenue,
        cash, day
    FROM headwater.newest_conversion_rows AS credited
    ARRAY JOIN
        touch_ids AS touch_id, touched_at AS path_time, channels AS channel, campaigns AS campaign, w_linear AS parts,
        if(empty(r_linear), arrayWithConstant(length(touch_ids), toInt64(0)), r_linear) AS revenue,
        if(empty(c_linear), arrayWithConstant(length(touch_ids), toInt64(0)), c_linear) AS cash
    WHERE credited.run IN labels['linear'] AND parts > 0
    UNION ALL
    SELECT
        extract(credited.run, '^[^~]*') AS run, 'time_decay' AS model, site, branch, conversion_id, stage, converted_at,
        touch_id, path_time AS touched_at, channel, campaign, toDecimal64(parts, 9) / 1000000000 AS weight, revenue,
        cash, day
    FROM headwater.newest_conversion_rows AS credited
    ARRAY JOIN
        touch_ids AS touch_id, touched_at AS path_time, channels AS channel, campaigns AS campaign, w_time_decay AS parts,
        if(empty(r_time_decay), arrayWithConstant(length(touch_ids), toInt64(0)), r_time_decay) AS revenue,
        if(empty(c_time_decay), arrayWithConstant(length(touch_ids), toInt64(0)), c_time_decay) AS cash
    WHERE credited.run IN labels['time_decay'] AND parts > 0
    UNION ALL
    SELECT
        extract(credited.run, '^[^~]*') AS run, 'position' AS model, site, branch, conversion_id, stage, converted_at,
        touch_id, path_time AS touched_at, channel, campaign, toDecimal64(parts, 9) / 1000000000 AS weight, revenue,
        cash, day
    FROM headwater.newest_conversion_rows AS credited
    ARRAY JOIN
        touch_ids AS touch_id, touched_at AS path_time, channels AS channel, campaigns AS campaign, w_position AS parts,
        if(empty(r_position), arrayWithConstant(length(touch_ids), toInt64(0)), r_position) AS revenue,
        if(empty(c_position), arrayWithConstant(length(touch_ids), toInt64(0)), c_position) AS cash
    WHERE credited.run IN labels['position'] AND parts > 0
    UNION ALL
    SELECT
        extract(credited.run, '^[^~]*') AS run, 'markov' AS model, site, branch, conversion_id, stage, converted_at,
        touch_id, path_time AS touched_at, channel, campaign, toDecimal64(parts, 9) / 1000000000 AS weight, revenue,
        cash, day
    FROM headwater.newest_conversion_rows AS credited
    ARRAY JOIN
        touch_ids AS touch_id, touched_at AS path_time, channels AS channel, campaigns AS campaign, arrayResize(w_markov, length(touch_ids)) AS parts,
        if(empty(r_markov), arrayWithConstant(length(touch_ids), toInt64(0)), r_markov) AS revenue,
        if(empty(c_markov), arrayWithConstant(length(touch_ids), toInt64(0)), c_markov) AS cash
    WHERE credited.run IN labels['markov'] AND parts > 0
    UNION ALL
    SELECT
        extract(credited.run, '^[^~]*') AS run, 'markov_2' AS model, site, branch, conversion_id, stage, converted_at,
        touch_id, path_time AS touched_at, channel, campaign, toDecimal64(parts, 9) / 1000000000 AS weight, revenue,
        cash, day
    FROM headwater.newest_conversion_rows AS credited
    ARRAY JOIN
        touch_ids AS touch_id, touched_at AS path_time, channels AS channel, campaigns AS campaign, arrayResize(w_markov_2, length(touch_ids)) AS parts,
        if(empty(r_markov_2), arrayWithConstant(length(touch_ids), toInt64(0)), r_markov_2) AS revenue,
        if(empty(c_markov_2), arrayWithConstant(length(touch_ids), toInt64(0)), c_markov_2) AS cash
    WHERE credited.run IN labels['markov_2'] AND parts > 0
    UNION ALL
    SELECT
        extract(credited.run, '^[^~]*') AS run, 'shapley' AS model, site, branch, conversion_id, stage, converted_at,
        touch_id, path_time AS touched_at, channel, campaign, toDecimal64(parts, 9) / 1000000000 AS weight, revenue,
        cash, day
    FROM headwater.newest_conversion_rows AS credited
    ARRAY JOIN
        touch_ids AS touch_id, touched_at AS path_time, channels AS channel, campaigns AS campaign, arrayResize(w_shapley, length(touch_ids)) AS parts,
        if(empty(r_shapley), arrayWithConstant(length(touch_ids), toInt64(0)), r_shapley) AS revenue,
        if(empty(c_shapley), arrayWithConstant(length(touch_ids), toInt64(0)), c_shapley) AS cash
    WHERE credited.run IN labels['shapley'] AND parts > 0
)
COMMENT 'One credit of one conversion to one touch under one model; zero weights are not shown'
