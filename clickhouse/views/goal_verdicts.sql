-- One row is one goal of an index with what became of it as of a day.
CREATE OR REPLACE VIEW headwater.goal_verdicts
(
    site String COMMENT 'Slug of the business',
    branch String COMMENT 'Slug of the place of the business it is for; empty for all together',
    goal String COMMENT 'Id of the goal',
    name_ko String COMMENT 'Korean name for people; empty when none',
    name_en String COMMENT 'English name for people; empty when none',
    tool String COMMENT 'Id of the tool it is for; empty when none',
    metric String COMMENT 'Slug of the metric',
    kind String COMMENT 'How its figures are put together, as in before_after; empty when nothing is recorded',
    channel String COMMENT 'Channel slug; empty for all together',
    defined_at DateTime64(6, 'UTC') COMMENT 'When it was defined as it stands, UTC',
    set_beforehand UInt8 COMMENT '1 when it was defined before the first day judged',
    baseline_from Nullable(Date) COMMENT 'First local day of the baseline',
    baseline_to Nullable(Date) COMMENT 'Last local day of the baseline',
    judged_from Nullable(Date) COMMENT 'First local day judged',
    judged_to Nullable(Date) COMMENT 'Last local day judged; null when open',
    change_wanted Nullable(Float64) COMMENT 'Change wanted: a ratio when relative, else in the metric''s own unit',
    change_kind String COMMENT 'relative or absolute; of counts and sums an absolute change is over the days judged',
    before Nullable(Float64) COMMENT 'Level of the baseline; null where it is not recorded',
    after Nullable(Float64) COMMENT 'Level of the days judged so far',
    change Nullable(Float64) COMMENT 'Change, of the kind wanted',
    change_low Nullable(Float64) COMMENT 'Lower end of its 95% interval',
    change_high Nullable(Float64) COMMENT 'Upper end of its 95% interval',
    p_value Nullable(Float64) COMMENT 'How likely so large a change would be by chance alone, two-sided',
    by_chance Nullable(UInt8) COMMENT '1 when chance alone may have made the change (p 0.05 or more); null where it cannot be said',
    season UInt8 COMMENT '1 when the same weeks of last year are recorded; 0 when the season is not removed',
    year_change Nullable(Float64) COMMENT 'Change of the same weeks of last year: relative of counts, sums and costs, else absolute',
    is_reached Nullable(UInt8) COMMENT '1 when the change is as large as wanted, whatever the day and whenever it was set; null without figures',
    verdict String COMMENT 'reached, missed, open (days to judge are left), set_afterwards (no goal set beforehand) or not_measured'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, branch, id AS goal, name_ko, name_en, tool, metric, kind, channel, defined_at, set_beforehand,
    baseline_from, baseline_to, judged_from, judged_to, change_wanted, change_kind, before, after, change, change_low,
    change_high, p_value, if(isNull(p_value), NULL, toUInt8(p_value >= 0.05)) AS by_chance,
    toUInt8(isNotNull(year_change)) AS season, year_change, is_reached, verdict
FROM headwater.metric_changes(
    sites = {sites:Array(String)}, items = ['goal'], branches = [], before_since = '1970-01-01', before_until = '1970-01-01',
    since = '1970-01-01', until = '1970-01-01', as_of = {as_of:Date}, run = {run:String}, model = {model:String}
)
WHERE item = 'goal'
COMMENT 'One goal of an index with what became of it as of a day'
