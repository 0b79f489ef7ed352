-- One row is one metric by which a tool is judged, or that stands beside it, before and after as of a day.
CREATE OR REPLACE VIEW headwater.tool_changes
(
    site String COMMENT 'Slug of the business',
    branch String COMMENT 'Always empty: it spans the branches',
    tool String COMMENT 'Id of the tool',
    name_ko String COMMENT 'Korean name for people; empty when none',
    name_en String COMMENT 'English name for people; empty when none',
    item String COMMENT 'gain or saving (in won), or index (every other metric, without a price)',
    place UInt32 COMMENT 'Place among the gains or savings of the tool; 0 for an index',
    metric String COMMENT 'Slug of the metric',
    kind String COMMENT 'How its figures are put together, as in before_after; empty when nothing is recorded',
    channel String COMMENT 'Channel slug; empty for all together',
    baseline_from Nullable(Date) COMMENT 'First local day of the baseline',
    baseline_to Nullable(Date) COMMENT 'Last local day of the baseline',
    judged_from Nullable(Date) COMMENT 'First local day judged',
    judged_to Nullable(Date) COMMENT 'Last local day judged; null when open',
    before Nullable(Float64) COMMENT 'Level of the baseline; null where it is not recorded',
    after Nullable(Float64) COMMENT 'Level of the days judged so far',
    before_value Float64 COMMENT 'Above the line in the baseline',
    before_base Float64 COMMENT 'Below the line in the baseline',
    after_value Float64 COMMENT 'Above the line in the days judged',
    after_base Float64 COMMENT 'Below the line in the days judged',
    change_kind String COMMENT 'relative for counts, won and costs; absolute for rates, shares and means',
    change Nullable(Float64) COMMENT 'Change of that kind',
    change_low Nullable(Float64) COMMENT 'Lower end of its 95% interval',
    change_high Nullable(Float64) COMMENT 'Upper end of its 95% interval',
    p_value Nullable(Float64) COMMENT 'How likely so large a change would be by chance alone, two-sided',
    season UInt8 COMMENT '1 when the same weeks of last year are recorded; 0 when the season is not removed',
    year_change Nullable(Float64) COMMENT 'Change of the same weeks of last year, of the same kind',
    extra Nullable(Float64) COMMENT 'Units more than the baseline would have given over the days judged: after less baseline, on the same days, inquiries, calls or measured values',
    unit_value Nullable(Float64) COMMENT 'Worth of one unit, won; null of an index',
    worth Nullable(Float64) COMMENT 'extra by unit_value, rounded to the won',
    worth_low Nullable(Float64) COMMENT 'Lower end of its 95% interval, won',
    worth_high Nullable(Float64) COMMENT 'Upper end of its 95% interval, won'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, branch, tool, name_ko, name_en, item, place, metric, kind, channel, baseline_from, baseline_to, judged_from, judged_to,
    before, after, before_value, before_base, after_value, after_base, change_kind, change, change_low, change_high, p_value,
    toUInt8(isNotNull(year_change)) AS season, year_change, extra, unit_value,
    floor(extra * unit_value + 0.5) AS worth,
    least(extra_low * unit_value, extra_high * unit_value) AS worth_low,
    greatest(extra_low * unit_value, extra_high * unit_value) AS worth_high
FROM headwater.metric_changes(
    sites = {sites:Array(String)}, items = ['gain', 'saving', 'index'], branches = [], before_since = '1970-01-01', before_until = '1970-01-01',
    since = '1970-01-01', until = '1970-01-01', as_of = {as_of:Date}, run = {run:String}, model = {model:String}
)
WHERE item IN ('gain', 'saving') OR (item = 'index' AND (isNotNull(before) OR isNotNull(after)))
COMMENT 'One metric by which a tool is judged, or that stands beside it, before and after as of a day'
