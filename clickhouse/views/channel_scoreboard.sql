-- One row is one site and channel with its results, cost and action in a period, for some branches or all.
CREATE OR REPLACE VIEW headwater.channel_scoreboard
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    channel String COMMENT 'Channel slug; unattributed for conversions without any touch',
    kind LowCardinality(String) COMMENT 'Kind of the channel, word_of_mouth and so on; empty when none',
    spend Int64 COMMENT 'Media, agency, staff and reward cost of the period, won, VAT included',
    visits Int64 COMMENT 'Sessions',
    scans Int64 COMMENT 'Distinct QR scans',
    calls Int64 COMMENT 'Counted inbound calls',
    inquiries Float64 COMMENT 'Credited inquiries, leads',
    consults Float64 COMMENT 'Credited consults, leads',
    registrations Float64 COMMENT 'Credited registrations, leads',
    inquiry_to_registration Nullable(Float64) COMMENT 'Registrations by inquiries of the period, ratio; null without inquiries',
    cac Nullable(Float64) COMMENT 'Spend by registrations, won; null without registrations or when no spend is entered, 0 when free',
    loaded_cac Nullable(Float64) COMMENT 'As cac with sales, tool, upkeep and training cost added, won',
    revenue Int64 COMMENT 'Payments so far of the leads registered in the period, won',
    cash Int64 COMMENT 'Payments dated in the period, won',
    roi Nullable(Float64) COMMENT 'Revenue less spend by spend, ratio; infinite when free with revenue, null without spend or payments',
    ltv Nullable(Float64) COMMENT 'Average months of use by average monthly revenue of the site, won; null when not set',
    ltv_roi Nullable(Float64) COMMENT 'As roi with registrations by LTV in place of revenue, ratio',
    ltv_to_cac Nullable(Float64) COMMENT 'LTV by CAC, ratio; infinite when CAC is 0',
    action String COMMENT 'stop, keep, increase, strengthen, too_little_data, no_spend, no_payments or none',
    action_agreement UInt8 COMMENT 'How many of the five rule models give this action',
    loaded_cost Int64 COMMENT 'Spend with sales, tool, upkeep and training cost added, won',
    inquiries_parts Int64 COMMENT 'Credited inquiries, parts of 10^-9',
    consults_parts Int64 COMMENT 'Credited consults, parts of 10^-9',
    registrations_parts Int64 COMMENT 'Credited registrations, parts of 10^-9'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    ['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'markov_2', 'shapley'] AS all_models,
    -- The label whose rows are the asked run's; none when there is no such run or it does not have the model.
    (
        SELECT if(
            throwIf(
                NOT has(all_models, {model:String}),
                'model is first, last, linear, time_decay, position, markov, markov_2 or shapley'
            ), '', max(label)
        )
        FROM headwater.visible_runs
        WHERE run = {run:String} AND has(models, {model:String})
    ) AS asked_label,
    length({branches:Array(String)}) = 0 AS every_branch,
    indexOf(all_models, {model:String}) AS asked_number,
    -- Everything booked in the period. `place` is the branch, or '' for all of them when no branch is asked for;
    -- `base` is what counts as spend, `extra` what only the loaded cost has.
    booked AS
    (
        SELECT
            site, channel, if(every_branch, '', branch) AS place,
            sum(funnel.visits) AS visits, sum(funnel.scans) AS scans, sum(funnel.calls) AS calls,
            sumForEach(funnel.inquiries) AS inquiries, sumForEach(funnel.consults) AS consults,
            sumForEach(funnel.registrations) AS registrations,
            sumForEach(funnel.revenue) AS revenue, sumForEach(funnel.cash) AS cash,
            toInt64(0) AS base, toInt64(0) AS extra
        FROM headwater.newest_funnel_rows AS funnel
        WHERE run = asked_label
            AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            AND day BETWEEN {since:Date} AND {until:Date}
        GROUP BY site, channel, place
        UNION ALL
        SELECT
            site,
            if(channel = '' AND is_base, 'unattributed', channel) AS channel,
            if(every_branch, '', branch) AS place,
            0, 0, 0, [], [], [], [], [],
            if(is_base, amount, 0) AS base,
            if(is_base, 0, amount) AS extra
        FROM
        (
            SELECT
                site, channel, branch,
                kind IN ('media', 'agency', 'staff', 'reward') AS is_base,
                greatest(toInt64({since:Date}) - toInt64(first_day), 0) AS days_before,
                toInt64({until:Date}) - toInt64(first_day) + 1 AS days_until,
                arraySum(arraySlice(amounts, days_before + 1, greatest(days_until - days_before, 0))) AS amount
            FROM headwater.newest_spend_rows
            WHERE run = asked_label
                AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND first_day <= {until:Date}
                AND toInt64(first_day) + toInt64(length(amounts)) > toInt64({since:Date})
        )
        UNION ALL
        -- Unattributed has a row at every site, and takes a cost that no inquiry can share.
        SELECT DISTINCT site, 'unattributed', '', 0, 0, 0, [], [], [], [], [], 0, 0
        FROM
        (
            SELECT run, site FROM headwater.newest_site_rows
            UNION ALL
            SELECT run, site FROM headwater.newest_spend_rows
        )
        WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
    ),
    cells AS
    (
        SELECT
            site, channel, place, every_branch OR has({branches:Array(String)}, place) AS is_asked,
            sum(booked.visits) AS visits, sum(booked.scans) AS scans, sum(booked.calls) AS calls,
            sumForEach(booked.inquiries) AS inquiries, sumForEach(booked.consults) AS consults,
            sumForEach(booked.registrations) AS registrations,
            sumForEach(booked.revenue) AS revenue, sumForEach(booked.cash) AS cash,
            sum(booked.base) AS base, sum(booked.extra) AS extra
        FROM booked
        GROUP BY site, channel, place
    ),
    -- From here on everything is done once for each of the five rule models, on which the agreement rests, and for
    -- the asked one.
    weighed AS
    (
        SELECT
            site, channel, place, is_asked, number,
            visits, scans, calls, base, extra,
            cells.inquiries[number] AS inquiries, cells.consults[number] AS consults,
            cells.registrations[number] AS registrations,
            cells.revenue[number] AS revenue, cells.cash[number] AS cash,
            row_number() OVER (PARTITION BY site, number, channel ORDER BY place) = 1 AS speaks_for_channel,
            sum(cells.inquiries[number]) OVER of_channel AS channel_inquiries,
            sum(if(is_asked, cells.inquiries[number], 0)) OVER of_channel AS channel_asked_inquiries,
            sum(cells.inquiries[number]) OVER of_site AS site_inquiries,
            sum(if(is_asked, cells.inquiries[number], 0)) OVER of_site AS site_asked_inquiries,
            -- cost of no channel: of the whole site, and of the branches asked for
            sum(if(channel = '' AND place = '', extra, 0)) OVER of_site AS site_cost,
            sum(if(channel = '' AND place != '' AND is_asked, extra, 0)) OVER of_site AS asked_cost,
            sum(if(place = '', base, 0)) OVER of_channel AS unplaced_base,
            sum(if(place = '', extra, 0)) OVER of_channel AS unplaced_extra
        FROM cells
        ARRAY JOIN arrayDistinct([1, 2, 3, 4, 5, asked_number]) AS number
        WINDOW
            of_channel AS (PARTITION BY site, number, channel),
            of_site AS (PARTITION BY site, number)
    ),
    -- Largest remainder, three times the same: floors, what they leave over, and one more for the largest
    -- remainders, ties by slug. A negative cost is the mirror of its absolute value.
    ranks_of_channels AS
    (
        SELECT
            *,
            toInt128(abs(site_cost)) * channel_inquiries AS site_product,
            toInt128(abs(asked_cost)) * channel_asked_inquiries AS asked_product,
            intDiv(site_product, greatest(site_inquiries, 1)) AS site_floor,
            intDiv(asked_product, greatest(site_asked_inquiries, 1)) AS asked_floor,
            dense_rank() OVER (
                PARTITION BY site, number ORDER BY site_product % greatest(site_inquiries, 1) DESC, channel
            ) AS site_rank,
            dense_rank() OVER (
                PARTITION BY site, number ORDER BY asked_product % greatest(site_asked_inquiries, 1) DESC, channel
            ) AS asked_rank,
            toInt128(abs(site_cost)) - sum(if(speaks_for_channel, site_floor, 0)) OVER of_site AS site_left,
            toInt128(abs(asked_cost)) - sum(if(speaks_for_channel, asked_floor, 0)) OVER of_site AS asked_left
        FROM weighed
        WINDOW of_site AS (PARTITION BY site, number)
    ),
    ranks_of_places AS
    (
        SELECT
            site, channel, place, is_asked, number, visits, scans, calls, base, extra,
            inquiries, consults, registrations, revenue, cash, channel_inquiries, unplaced_base,
            if(
                site_inquiries = 0,
                if(channel = 'unattributed', site_cost, 0),
                toInt64(sign(site_cost) * (site_floor + toInt128(site_rank <= site_left)))
            ) AS site_share,
            if(
                site_asked_inquiries = 0,
                if(channel = 'unattributed', asked_cost, 0),
                toInt64(sign(asked_cost) * (asked_floor + toInt128(asked_rank <= asked_left)))
            ) AS asked_share,
            unplaced_extra + site_share AS unplaced_loaded,
            toInt128(abs(unplaced_base)) * inquiries AS base_product,
            toInt128(abs(unplaced_loaded)) * inquiries AS loaded_product,
            intDiv(base_product, greatest(channel_inquiries, 1)) AS base_floor,
            intDiv(loaded_product, greatest(channel_inquiries, 1)) AS loaded_floor,
            row_number() OVER (
                PARTITION BY site, number, channel ORDER BY base_product % greatest(channel_inquiries, 1) DESC, place
            ) AS base_rank,
            row_number() OVER (
                PARTITION BY site, number, channel ORDER BY loaded_product % greatest(channel_inquiries, 1) DESC, place
            ) AS loaded_rank,
            toInt128(abs(unplaced_base)) - sum(base_floor) OVER of_channel AS base_left,
            toInt128(abs(unplaced_loaded)) - sum(loaded_floor) OVER of_channel AS loaded_left
        FROM ranks_of_channels
        WHERE channel != ''
        WINDOW of_channel AS (PARTITION BY site, number, channel)
    ),
    channels AS
    (
        SELECT
            site, channel, number,
            sumIf(
                if(place = '', 0, ranks_of_places.base) + if(
                    channel_inquiries = 0,
                    if(place = '', unplaced_base, 0),
                    toInt64(sign(unplaced_base) * (base_floor + toInt128(base_rank <= base_left)))
                ),
                is_asked
            ) AS spend,
            spend + any(asked_share) + sumIf(
                if(place = '', 0, ranks_of_places.extra) + if(
                    channel_inquiries = 0,
                    if(place = '', unplaced_loaded, 0),
                    toInt64(sign(unplaced_loaded) * (loaded_floor + toInt128(loaded_rank <= loaded_left)))
                ),
                is_asked
            ) AS loaded_cost,
            sumIf(ranks_of_places.visits, is_asked) AS visits, sumIf(ranks_of_places.scans, is_asked) AS scans,
            sumIf(ranks_of_places.calls, is_asked) AS calls,
            sumIf(ranks_of_places.inquiries, is_asked) AS inquiries,
            sumIf(ranks_of_places.consults, is_asked) AS consults,
            sumIf(ranks_of_places.registrations, is_asked) AS registrations,
            sumIf(ranks_of_places.revenue, is_asked) AS revenue, sumIf(ranks_of_places.cash, is_asked) AS cash
        FROM ranks_of_places
        GROUP BY site, channel, number
    ),
    judged AS
    (
        SELECT
            site, channel, number, spend, loaded_cost, visits, scans, calls,
            inquiries, consults, registrations, revenue, cash,
            number = asked_number AND (channel = 'unattributed' OR arrayExists(figure -> figure != 0, [
                spend, loaded_cost, visits, scans, calls, inquiries, consults, registrations, revenue, cash
            ])) AS is_shown,
            sum(spend) OVER of_site AS site_spend,
            sum(registrations) OVER of_site AS site_registrations,
            ifNull(declared_kind, '') AS kind,
            ifNull(declared_free, 0) = 1 AS is_free,
            ifNull(known, 0) = 1 AS is_known,
            ifNull(payments_ever, 0) AS payments,
            ltv_months * ltv_monthly_revenue AS ltv,
            -- in parts of 10^-9, so that the comparisons below are exact; a site without settings has the defaults
            toInt128(round(if(is_known, ifNull(threshold_stop, 1), 1) * 1e9)) AS stop,
            toInt128(round(if(is_known, ifNull(threshold_increase, 3), 3) * 1e9)) AS increase,
            toInt128(round(if(is_known, ifNull(threshold_too_little, 3), 3) * 1e9)) AS too_little,
            toInt128(revenue - spend) * 1000000000 * sign(spend) AS gain,
            multiIf(
                channel IN ('unattributed', 'direct'), 'none',
                spend = 0, multiIf(
                    NOT is_free, 'no_spend',
                    kind != 'word_of_mouth', 'keep',
                    registrations > 0, 'strengthen',
                    'keep'
                ),
                payments = 0, 'no_payments',
                -- max(registrations, spend ÷ site CAC), the quotient being 0 where there is no site CAC
                greatest(
                    toInt128(registrations) * greatest(abs(site_spend), 1),
                    toInt128(spend) * site_registrations * sign(site_spend)
                ) < too_little * greatest(abs(site_spend), 1),
                'too_little_data',
                gain < stop * abs(spend), 'stop',
                gain < increase * abs(spend), 'keep',
                'increase'
            ) AS action
        FROM channels
        LEFT JOIN
        (
            SELECT site, channel, kind AS declared_kind, free AS declared_free
            FROM headwater.newest_channel_rows
            WHERE run = asked_label
        ) AS declared USING (site, channel)
        LEFT JOIN
        (
            SELECT
                site, 1 AS known, payments AS payments_ever, ltv_months, ltv_monthly_revenue,
                threshold_stop, threshold_increase, threshold_too_little
            FROM headwater.newest_site_rows
            WHERE run = asked_label
        ) AS settings USING (site)
        WINDOW of_site AS (PARTITION BY site, number)
    ),
    agreed AS
    (
        SELECT *, toUInt8(countIf(number <= 5) OVER (PARTITION BY site, channel, action)) AS action_agreement
        FROM judged
    )
SELECT
    site, channel, kind, spend, visits, scans, calls,
    inquiries_parts / 1000000000 AS inquiries,
    consults_parts / 1000000000 AS consults,
    registrations_parts / 1000000000 AS registrations,
    if(inquiries_parts = 0, NULL, registrations_parts / inquiries_parts) AS inquiry_to_registration,
    multiIf(
        spend = 0, if(is_free, 0, NULL),
        registrations_parts = 0, NULL,
        toFloat64(toInt128(spend) * 1000000000) / registrations_parts
    ) AS cac,
    multiIf(
        loaded_cost = 0, if(is_free, 0, NULL),
        registrations_parts = 0, NULL,
        toFloat64(toInt128(loaded_cost) * 1000000000) / registrations_parts
    ) AS loaded_cac,
    revenue, cash,
    multiIf(
        payments = 0, NULL,
        spend != 0, (revenue - spend) / spend,
        is_free, if(revenue > 0, inf, NULL),
        NULL
    ) AS roi,
    ltv,
    multiIf(
        ltv IS NULL, NULL,
        spend != 0, (registrations_parts / 1000000000 * ltv - spend) / spend,
        is_free, if(registrations_parts * ltv > 0, inf, NULL),
        NULL
    ) AS ltv_roi,
    multiIf(
        isNull(ltv * cac), NULL,
        cac != 0, ltv / cac,
        ltv > 0, inf,
        NULL
    ) AS ltv_to_cac,
    action, action_agreement, loaded_cost,
    agreed.inquiries AS inquiries_parts,
    agreed.consults AS consults_parts,
    agreed.registrations AS registrations_parts
FROM agreed
WHERE is_shown
COMMENT 'One site and channel with its results, cost and action in a period, for some branches or all'
