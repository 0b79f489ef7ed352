-- One row is the plan of a test of two rates: how many people each variant needs.
CREATE OR REPLACE VIEW headwater.experiment_size
(
    baseline_rate Float64 COMMENT 'Rate expected of the control, ratio',
    minimal_effect Float64 COMMENT 'Smallest difference of rates worth finding, absolute',
    variants UInt8 COMMENT 'Variants, the control among them',
    alpha Float64 COMMENT 'Chance of a verdict where there is no difference, over all variants together',
    power Float64 COMMENT 'Chance of finding a difference as large as minimal_effect',
    size_each UInt64 COMMENT 'People that each variant needs; no row where the two rates are not between 0 and 1',
    size_together UInt64 COMMENT 'People that all variants need together'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    {baseline_rate:Float64} AS low,
    {baseline_rate:Float64} + {minimal_effect:Float64} AS high,
    -- The point of the normal distribution beyond which that much lies, by Newton's method from 0: each step comes closer.
    arrayMap(
        beyond -> if(beyond > 0.5, -1, 1) * arrayFold(
            (point, step) -> point + (erfc(point / sqrt(2)) / 2 - least(beyond, 1 - beyond)) * sqrt(2 * pi()) * exp(point * point / 2),
            range(60), toFloat64(0)
        ),
        [{alpha:Float64} / greatest({variants:UInt8} - 1, 1) / 2, 1 - {power:Float64}]
    ) AS reaches
SELECT
    {baseline_rate:Float64} AS baseline_rate, {minimal_effect:Float64} AS minimal_effect, {variants:UInt8} AS variants,
    {alpha:Float64} AS alpha, {power:Float64} AS power,
    toUInt64(ifNotFinite(ceil(pow(
        greatest(reaches[1] * sqrt((low + high) * (1 - (low + high) / 2)) + reaches[2] * sqrt(low * (1 - low) + high * (1 - high)), 0)
        / {minimal_effect:Float64},
        2
    )), 0)) AS size_each,
    size_each * {variants:UInt8} AS size_together
WHERE low >= 0 AND high > low AND high <= 1 AND {variants:UInt8} > 1
    AND {alpha:Float64} > 0 AND {alpha:Float64} < 1 AND {power:Float64} > 0 AND {power:Float64} < 1
COMMENT 'The plan of a test of two rates: how many people each variant needs'
