-- What the ministry and the bureau read last at a station, as they wrote it ("0" is not reported).
SELECT * FROM (
  SELECT 'national', CAST(tm AS TIMESTAMPTZ), CAST(z AS DECIMAL(9, 3)), '吴淞',
    NULLIF(CAST(q AS DECIMAL(12, 3)), 0)
  FROM ministry WHERE stcd = $code ORDER BY CAST(tm AS TIMESTAMPTZ) DESC LIMIT 1
)
UNION ALL
SELECT * FROM (
  SELECT 'municipal', CAST(TM || '+08:00' AS TIMESTAMPTZ), CAST(Z AS DECIMAL(9, 3)), DTM,
    CAST(Q AS DECIMAL(12, 3))
  FROM river_regime WHERE STCD = $code ORDER BY TM DESC LIMIT 1
)
