-- One row is one tool with its whole cost, what it brought and saved against its baseline, and whether to expand it, as of a day.
CREATE OR REPLACE VIEW headwater.tool_roi
(
    site String COMMENT 'Slug of the business',
    branch String COMMENT 'Always empty: it spans the branches',
    tool String COMMENT 'Id of the tool',
    name_ko String COMMENT 'Korean name for people; empty when none',
    name_en String COMMENT 'English name for people; empty when none',
    adopted_on Nullable(Date) COMMENT 'Local day of adoption; null when not said',
    baseline_from Nullable(Date) COMMENT 'First local day of the baseline',
    baseline_to Nullable(Date) COMMENT 'Last local day of the baseline',
    judged_from Nullable(Date) COMMENT 'First local day judged',
    judged_to Nullable(Date) COMMENT 'Last local day judged; null when open',
    licence Int64 COMMENT 'Spend of kind tool whose campaign is the tool, up to the last day judged so far, won, VAT included',
    upkeep Int64 COMMENT 'The same of kind upkeep, won',
    training Int64 COMMENT 'The same of kind training, won',
    staff_time Int64 COMMENT 'The same of any of these kinds said in hours, and of kind staff, won',
    cost Int64 COMMENT 'All four together, won',
    gain Nullable(Float64) COMMENT 'Worth of what it brought over the days judged against the baseline, whole won; null when nothing is measured',
    saving Nullable(Float64) COMMENT 'Worth of what it saved, whole won; null when nothing is measured',
    roi Nullable(Float64) COMMENT 'Gain and saving less cost by cost, ratio; null without cost, or when nothing is measured',
    roi_low Nullable(Float64) COMMENT 'Lower end of its 95% interval; null where a gain or saving has none',
    roi_high Nullable(Float64) COMMENT 'Upper end of its 95% interval; null where a gain or saving has none',
    verdict String COMMENT 'expand, improve, stop, too_little_data, no_cost, no_value (nothing has a price), not_measured or open (days to judge are left)',
    goals UInt64 COMMENT 'Goals set for it',
    goals_reached UInt64 COMMENT 'Of these, set beforehand and reached',
    goals_missed UInt64 COMMENT 'Of these, set beforehand and missed',
    valued UInt64 COMMENT 'Gains and savings that have a price',
    unmeasured UInt64 COMMENT 'Of these, without figures in either period: they are in neither gain nor saving',
    season UInt8 COMMENT '1 when the same weeks of last year are recorded for every gain and saving; 0 when the season is not removed'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- Up to which offset of a partition the run has read; live reads all there is.
    (
        SELECT JSONExtract(max(offsets), 'events', 'Map(String, Tuple(UInt64, UInt64, String))')
        FROM headwater.visible_runs WHERE run = {run:String}
    ) AS read_to,
    (SELECT max(label) FROM headwater.visible_runs WHERE run = {run:String}) AS asked_label,
    length({sites:Array(String)}) = 0 AS every_site,
    judged AS
    (
        SELECT
            site, changes.tool AS tool, countIf(item = 'reach') AS defined,
            anyIf(changes.name_ko, item = 'reach') AS name_ko, anyIf(changes.name_en, item = 'reach') AS name_en,
            anyIf(changes.adopted_on, item = 'reach') AS adopted_on,
            anyIf(changes.baseline_from, item = 'reach') AS baseline_from,
            anyIf(changes.baseline_to, item = 'reach') AS baseline_to,
            anyIf(changes.judged_from, item = 'reach') AS judged_from,
            anyIf(changes.judged_to, item = 'reach') AS judged_to,
            anyIf(after, item = 'reach') AS site_cac,
            sumIf(floor(extra * unit_value + 0.5), item = 'gain') AS gain, sumIf(floor(extra * unit_value + 0.5), item = 'saving') AS saving,
            countIf(item IN ('gain', 'saving')) AS valued, countIf(item IN ('gain', 'saving') AND isNull(extra)) AS unmeasured,
            -- Each end of a sum from the ends of its parts, in one order.
            arraySum(arraySort(groupArrayIf(pow(least(extra_low * unit_value, extra_high * unit_value) - extra * unit_value, 2), item IN ('gain', 'saving')))) AS below,
            arraySum(arraySort(groupArrayIf(pow(greatest(extra_low * unit_value, extra_high * unit_value) - extra * unit_value, 2), item IN ('gain', 'saving')))) AS above,
            countIf(item IN ('gain', 'saving') AND isNotNull(extra) AND isNull(extra_low)) AS unbounded,
            countIf(item IN ('gain', 'saving') AND isNull(year_change)) AS without_season,
            maxIf(if(kind IN ('count', 'rate', 'cost'), counted, inf), item IN ('gain', 'saving') AND isNotNull(extra)) AS largest_count,
            countIf(item = 'goal') AS goals, countIf(verdict = 'reached') AS goals_reached, countIf(verdict = 'missed') AS goals_missed
        FROM headwater.metric_changes(
            sites = {sites:Array(String)}, items = ['goal', 'gain', 'saving', 'reach'], branches = [], before_since = '1970-01-01', before_until = '1970-01-01',
            since = '1970-01-01', until = '1970-01-01', as_of = {as_of:Date}, run = {run:String}, model = {model:String}
        ) AS changes
        WHERE changes.tool != ''
        GROUP BY site, tool
        HAVING defined > 0
    ),
    -- Which spends were said in hours: the newest of a spend_id that nothing withdraws.
    in_hours AS
    (
        SELECT site, spend_id, argMax(is_in_hours, (occurred_at, event_id)) AS is_staff_time
        FROM
        (
            SELECT
                toString(site) AS site, JSONExtractString(told.1, 'spend_id') AS spend_id, told.2 AS occurred_at, told.3 AS event_id,
                JSONHas(told.1, 'hours') AND NOT JSONHas(told.1, 'amount') AS is_in_hours
            FROM
            (
                SELECT
                    site,
                    if(type = 'event_withdrawn', JSONExtractString(payload, 'withdraws'), event_id) AS said,
                    anyIf((payload, occurred_at, event_id), type = 'spend_recorded') AS told
                FROM headwater.event_archive AS event FINAL
                WHERE type IN ('spend_recorded', 'event_withdrawn') AND (every_site OR has({sites:Array(String)}, site))
                    AND (NOT mapContains(read_to, toString(partition)) OR event.offset < read_to[toString(partition)].2)
                GROUP BY site, said
                HAVING countIf(type = 'spend_recorded') > 0 AND countIf(type = 'event_withdrawn') = 0
            )
        )
        GROUP BY site, spend_id
    ),
    costs AS
    (
        SELECT site, tool, groupArray((if(is_staff_time, 'staff', kind), first_day, amounts)) AS spends
        FROM
        (
            SELECT toString(site) AS site, spend_id, toString(campaign) AS tool, toString(kind) AS kind, first_day, amounts
            FROM headwater.newest_spend_rows
            WHERE run = asked_label AND (every_site OR has({sites:Array(String)}, site))
                AND kind IN ('tool', 'upkeep', 'training', 'staff') AND campaign != ''
        ) AS spent
        LEFT JOIN in_hours USING (site, spend_id)
        GROUP BY site, tool
    )
SELECT
    site, '' AS branch, tool, name_ko, name_en, adopted_on, baseline_from, baseline_to, judged_from, judged_to,
    parts[1] AS licence, parts[2] AS upkeep, parts[3] AS training, parts[4] AS staff_time, cost, gain, saving, roi,
    if(unbounded > 0, NULL, roi - sqrt(below) / cost) AS roi_low,
    if(unbounded > 0, NULL, roi + sqrt(above) / cost) AS roi_high,
    multiIf(
        isNull(judged_to) OR judged_to > {as_of:Date}, 'open',
        cost <= 0, 'no_cost',
        valued = 0, 'no_value',
        isNull(roi), 'not_measured',
        greatest(largest_count, ifNull(cost / site_cac, 0)) < ifNull(too_little, 3), 'too_little_data',
        round(roi, 9) < ifNull(stop, 1), 'stop',
        round(roi, 9) < ifNull(increase, 3), 'improve',
        'expand'
    ) AS verdict,
    goals, goals_reached, goals_missed, valued, unmeasured, toUInt8(valued > 0 AND without_season = 0) AS season
FROM
(
    SELECT
        *, arraySum(parts) AS cost,
        if(cost > 0 AND valued > unmeasured, (ifNull(gain, 0) + ifNull(saving, 0) - cost) / cost, NULL) AS roi
    FROM
    (
        SELECT
            judged.*,
            -- Won of each part up to the last day judged so far.
            arrayMap(
                part -> arraySum(arrayMap(
                    one -> if(one.1 = part, arraySum(arraySlice(
                        one.3, 1, greatest(toInt64(least(ifNull(judged_to, {as_of:Date}), {as_of:Date})) - toInt64(one.2) + 1, 0)
                    )), 0),
                    spends
                )),
                ['tool', 'upkeep', 'training', 'staff']
            ) AS parts
        FROM judged
        LEFT JOIN costs USING (site, tool)
    )
) AS costed
LEFT JOIN
(
    SELECT
        toString(site) AS site, toNullable(threshold_stop) AS stop, toNullable(threshold_increase) AS increase,
        toNullable(threshold_too_little) AS too_little
    FROM headwater.newest_site_rows
    WHERE run = asked_label
) AS bands USING (site)
COMMENT 'One tool with its whole cost, what it brought and saved against its baseline, and whether to expand it, as of a day'
