-- How the water moves at each station: the rise over 6, 12 and 24 hours and the room left below the
-- warning and the guarantee level. A rise compares with the reading at, or next before, the earlier
-- instant, but none older by more than three hours. Levels are 黄海; where a station's offset is not
-- known the level is null, the rise (a difference within one datum) is not.
SELECT
  w.source_level,
  w.station_code,
  w.observed_at,
  w.level_m,
  CAST(w.reading_m - w.reading_6h_m AS DECIMAL(9, 3)) AS rise_6h_m,
  CAST(w.reading_m - w.reading_12h_m AS DECIMAL(9, 3)) AS rise_12h_m,
  CAST(w.reading_m - w.reading_24h_m AS DECIMAL(9, 3)) AS rise_24h_m,
  CAST(w.warning_m - w.level_m AS DECIMAL(9, 3)) AS margin_to_warning_m,
  CAST(w.guarantee_m - w.level_m AS DECIMAL(9, 3)) AS margin_to_guarantee_m,
  w.synthetic
FROM (
  SELECT
    r.source_level,
    r.station_code,
    r.observed_at,
    r.synthetic,
    r.level_m AS reading_m,
    CAST(
      CASE r.datum
        WHEN '黄海' THEN r.level_m
        WHEN '吴淞' THEN r.level_m - s.offset_to_huanghai_m
      END AS DECIMAL(9, 3)
    ) AS level_m,
    CASE s.warning_datum
      WHEN '黄海' THEN s.warning_level_m
      WHEN '吴淞' THEN s.warning_level_m - s.offset_to_huanghai_m
    END AS warning_m,
    CASE s.guarantee_datum
      WHEN '黄海' THEN s.guarantee_level_m
      WHEN '吴淞' THEN s.guarantee_level_m - s.offset_to_huanghai_m
    END AS guarantee_m,
    LAST_VALUE(r.level_m) OVER (
      PARTITION BY r.source_level, r.station_code, r.datum ORDER BY r.observed_at
      RANGE BETWEEN INTERVAL '9' HOUR PRECEDING AND INTERVAL '6' HOUR PRECEDING
    ) AS reading_6h_m,
    LAST_VALUE(r.level_m) OVER (
      PARTITION BY r.source_level, r.station_code, r.datum ORDER BY r.observed_at
      RANGE BETWEEN INTERVAL '15' HOUR PRECEDING AND INTERVAL '12' HOUR PRECEDING
    ) AS reading_12h_m,
    LAST_VALUE(r.level_m) OVER (
      PARTITION BY r.source_level, r.station_code, r.datum ORDER BY r.observed_at
      RANGE BETWEEN INTERVAL '27' HOUR PRECEDING AND INTERVAL '24' HOUR PRECEDING
    ) AS reading_24h_m
  FROM (
    SELECT 'national' AS source_level, station_code, observed_at, level_m, '吴淞' AS datum, synthetic
    FROM river_regime_national
    UNION ALL
    SELECT 'municipal' AS source_level, station_code, observed_at, level_m, datum, synthetic
    FROM river_regime_municipal
  ) AS r
  JOIN river_station AS s ON s.station_code = r.station_code
) AS w
