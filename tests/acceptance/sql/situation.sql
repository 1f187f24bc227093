-- The newest reading of each source and station in 黄海, its rise over 6, 12 and 24 hours (against the
-- reading at or next before then, none older by three hours more), and the room below the two levels.
WITH reading AS (
  SELECT
    'national' AS source, stcd AS code, CAST(tm AS TIMESTAMPTZ) AS seen,
    CAST(z AS DECIMAL(9, 3)) AS z, '吴淞' AS datum
  FROM ministry
  UNION ALL
  SELECT
    'municipal', STCD, CAST(TM || '+08:00' AS TIMESTAMPTZ), CAST(Z AS DECIMAL(9, 3)), DTM
  FROM river_regime
),
newest AS (
  SELECT source, code, max(seen) AS seen, arg_max(z, seen) AS z, arg_max(datum, seen) AS datum
  FROM reading
  GROUP BY source, code
),
station AS (
  SELECT
    STCD AS code, STNM AS name,
    CASE WRZ_DTM WHEN '吴淞' THEN CAST(WRZ AS DECIMAL(9, 3)) - CAST(DTPR AS DECIMAL(5, 2))
                 WHEN '黄海' THEN CAST(WRZ AS DECIMAL(9, 3)) END AS warning,
    CASE GRZ_DTM WHEN '吴淞' THEN CAST(GRZ AS DECIMAL(9, 3)) - CAST(DTPR AS DECIMAL(5, 2))
                 WHEN '黄海' THEN CAST(GRZ AS DECIMAL(9, 3)) END AS guarantee,
    CAST(DTPR AS DECIMAL(5, 2)) AS above_huanghai
  FROM river_station
),
level AS (
  SELECT
    n.source, n.code, n.seen, n.z,
    CASE n.datum WHEN '吴淞' THEN n.z - s.above_huanghai WHEN '黄海' THEN n.z END AS huanghai
  FROM newest AS n JOIN station AS s ON s.code = n.code
)
SELECT
  l.source, s.name, l.seen, l.huanghai,
  l.z - (SELECT arg_max(r.z, r.seen) FROM reading AS r WHERE r.source = l.source AND r.code = l.code
         AND r.seen BETWEEN l.seen - INTERVAL 9 HOUR AND l.seen - INTERVAL 6 HOUR) AS rise_6h,
  l.z - (SELECT arg_max(r.z, r.seen) FROM reading AS r WHERE r.source = l.source AND r.code = l.code
         AND r.seen BETWEEN l.seen - INTERVAL 15 HOUR AND l.seen - INTERVAL 12 HOUR) AS rise_12h,
  l.z - (SELECT arg_max(r.z, r.seen) FROM reading AS r WHERE r.source = l.source AND r.code = l.code
         AND r.seen BETWEEN l.seen - INTERVAL 27 HOUR AND l.seen - INTERVAL 24 HOUR) AS rise_24h,
  s.warning - l.huanghai AS to_warning,
  s.guarantee - l.huanghai AS to_guarantee
FROM level AS l JOIN station AS s ON s.code = l.code
WHERE s.name = $station
ORDER BY l.source DESC
