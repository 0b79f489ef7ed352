-- One row is one metric of a site, on a channel or on all of them, in two periods with its change and how far chance may have made it.
CREATE OR REPLACE VIEW headwater.before_after
(
    site String COMMENT 'Slug of the business',
    metric String COMMENT 'Slug of the metric',
    kind String COMMENT 'count, amount (won that came in), total (won spent), rate, cost, share or mean (of recorded values)',
    channel String COMMENT 'Channel slug; empty for all together',
    before Nullable(Float64) COMMENT 'Before: count or won of the period, rate, or mean; null where it is not recorded',
    after Nullable(Float64) COMMENT 'After, likewise',
    before_value Float64 COMMENT 'Above the line before: count, won, or the sum of measured values',
    before_base Float64 COMMENT 'Below the line before: what a rate is of, or how many values were measured; 0 for counts and sums',
    after_value Float64 COMMENT 'Above the line after',
    after_base Float64 COMMENT 'Below the line after',
    before_days Float64 COMMENT 'Days of the period before',
    after_days Float64 COMMENT 'Days of the period after',
    change_kind String COMMENT 'relative (a ratio of the level before, a day) for counts, won and costs; absolute for rates, shares and means',
    change Nullable(Float64) COMMENT 'Change of that kind; null where a period is not recorded, or nothing was before',
    change_low Nullable(Float64) COMMENT 'Lower end of its 95% interval; null where there is none',
    change_high Nullable(Float64) COMMENT 'Upper end of its 95% interval; infinite where nothing was counted before',
    change_relative Nullable(Float64) COMMENT 'Change as a ratio of the level before, whatever the kind',
    p_value Nullable(Float64) COMMENT 'How likely so large a change would be by chance alone, two-sided; null where it cannot be said',
    year_before Nullable(Float64) COMMENT 'Level 364 days before the period before; null where it is not recorded',
    year_after Nullable(Float64) COMMENT 'Level 364 days before the period after; null where it is not recorded',
    year_change Nullable(Float64) COMMENT 'Change between these, of the same kind',
    season UInt8 COMMENT '1 when the same weeks of last year stand beside it; 0 when the season is not removed'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, metric, kind, channel, before, after, before_value, before_base, after_value, after_base, before_days, after_days,
    change_kind, change, change_low, change_high, relative AS change_relative, p_value, year_before, year_after, year_change,
    toUInt8(isNotNull(year_change)) AS season
FROM headwater.metric_changes(
    sites = {sites:Array(String)}, items = ['period'], branches = {branches:Array(String)}, before_since = {before_since:Date},
    before_until = {before_until:Date}, since = {since:Date}, until = {until:Date}, as_of = '1970-01-01',
    run = {run:String}, model = {model:String}
)
WHERE item = 'period' AND (isNotNull(before) OR isNotNull(after))
COMMENT 'One metric of a site, on a channel or on all of them, in two periods with its change and how far chance may have made it'
