-- Premises whose ground, as a 黄海 elevation, is not above the latest forecast peak plus the margin.
-- Older surveys are in 吴淞 and are converted by the offset of the control station; an elevation that
-- cannot be converted names no exposure. "Below" includes equality; all of it is exact decimals.
-- Beside it, how the water moves upstream: the newest national reading (吴淞) of the control station's
-- upstream station, converted by that station's own offset, and its rise against the reading at, or next
-- before, 24 hours earlier, but none older by three hours more. A premises without one keeps its row.
SELECT
  p.premises_id,
  p.premises_name,
  p.kind,
  t.place_code AS township_code,
  t.name AS township_name,
  p.resident_count,
  p.ground_huanghai_m AS ground_elevation_m,
  p.control_station_code,
  f.peak_level_m,
  f.peak_at,
  f.issued_at,
  CAST(f.peak_level_m + CAST($margin_m AS DECIMAL(9, 3)) AS DECIMAL(9, 3)) AS fence_level_m,
  CAST(
    f.peak_level_m + CAST($margin_m AS DECIMAL(9, 3)) - p.ground_huanghai_m AS DECIMAL(9, 3)
  ) AS depth_below_fence_m,
  p.upstream_station_code,
  n.observed_at AS upstream_observed_at,
  CAST(n.level_m - p.upstream_offset_m AS DECIMAL(9, 3)) AS upstream_level_m,
  CAST(n.level_m - n.level_24h_m AS DECIMAL(9, 3)) AS upstream_rise_24h_m,
  f.synthetic OR COALESCE(n.synthetic, FALSE) AS synthetic
FROM (
  SELECT
    r.premises_id,
    r.premises_name,
    r.kind,
    r.place_code // 1000000 * 1000000 AS township_code,
    r.resident_count,
    r.control_station_code,
    s.upstream_station_code,
    u.offset_to_huanghai_m AS upstream_offset_m,
    CAST(
      CASE r.elevation_datum
        WHEN '黄海' THEN r.ground_elevation_m
        WHEN '吴淞' THEN r.ground_elevation_m - s.offset_to_huanghai_m
      END AS DECIMAL(9, 3)
    ) AS ground_huanghai_m
  FROM riverside_premises AS r
  JOIN river_station AS s ON s.station_code = r.control_station_code
  LEFT JOIN river_station AS u ON u.station_code = s.upstream_station_code
) AS p
JOIN (
  SELECT
    station_code,
    peak_level_m,
    peak_at,
    issued_at,
    synthetic,
    ROW_NUMBER() OVER (PARTITION BY station_code ORDER BY issued_at DESC) AS age
  FROM flood_peak_forecast
) AS f ON f.station_code = p.control_station_code AND f.age = 1
LEFT JOIN (
  SELECT
    station_code,
    observed_at,
    level_m,
    synthetic,
    LAST_VALUE(level_m) OVER (
      PARTITION BY station_code ORDER BY observed_at
      RANGE BETWEEN INTERVAL '27' HOUR PRECEDING AND INTERVAL '24' HOUR PRECEDING
    ) AS level_24h_m,
    ROW_NUMBER() OVER (PARTITION BY station_code ORDER BY observed_at DESC) AS age
  FROM river_regime_national
) AS n ON n.station_code = p.upstream_station_code AND n.age = 1
JOIN administrative_place AS t ON t.place_code = p.township_code
WHERE p.ground_huanghai_m <= f.peak_level_m + CAST($margin_m AS DECIMAL(9, 3))
