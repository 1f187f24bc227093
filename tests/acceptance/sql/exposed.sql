-- The district's premises whose ground lies, in 黄海, not above the last forecast peak plus two metres.
WITH fence AS (
  SELECT
    s.STCD AS code,
    CAST(s.DTPR AS DECIMAL(5, 2)) AS above_huanghai,
    arg_max(CAST(f.PKZ AS DECIMAL(9, 3)), f.FTM) + 2.0 AS height
  FROM river_station AS s JOIN flood_peak_forecast AS f ON f.STCD = s.STCD
  GROUP BY ALL
),
surveyed AS (
  SELECT
    p.*,
    CAST(p."地面高程(米)" AS DECIMAL(9, 3))
      - CASE p."高程基准" WHEN '吴淞' THEN f.above_huanghai WHEN '黄海' THEN 0 END AS ground,
    f.height
  FROM premises AS p JOIN fence AS f ON f.code = p."控制站码"
)
SELECT
  t.code, t.name, p."场所编号", p."场所名称", p."场所类型", CAST(p."常住人数" AS INTEGER),
  p.ground, p.height - p.ground, p.height
FROM surveyed AS p JOIN places AS t ON t.code = left(p."区划代码", 9)
WHERE p.ground <= p.height
ORDER BY t.code, p.height - p.ground DESC, p."场所编号"
