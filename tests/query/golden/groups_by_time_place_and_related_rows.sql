SELECT
  {'at': "f1"."k0", 'p': CASE
    WHEN "f1"."k1" % 1000000000 = 0
    THEN LEFT(CAST("f1"."k1" AS TEXT), 6)
    WHEN "f1"."k1" % 1000000 = 0
    THEN LEFT(CAST("f1"."k1" AS TEXT), 9)
    WHEN "f1"."k1" % 1000 = 0
    THEN LEFT(CAST("f1"."k1" AS TEXT), 12)
    ELSE CAST("f1"."k1" AS TEXT)
  END} AS "key",
  COUNT(*) AS "count",
  {'avg': CAST(TRY_CAST(AVG("f1"."m3") AS DECIMAL(38, 9)) AS TEXT), 'p90': CAST(TRY_CAST(QUANTILE_CONT(CAST("f1"."m3" AS DOUBLE), $p1) AS DECIMAL(38, 9)) AS TEXT)} AS "level",
  {'count': COUNT(*) FILTER(WHERE
    "f1"."c4"), 'sum': CAST(SUM("f1"."m3") FILTER(WHERE
    "f1"."c4") AS TEXT)} AS "high"
FROM (
  SELECT
    CASE
      WHEN "r1"."observed_at" BETWEEN CAST('1992-01-01T00:00:00+00:00' AS TIMESTAMPTZ) AND CAST('2200-01-01T00:00:00+00:00' AS TIMESTAMPTZ)
      THEN MAKE_TIMESTAMPTZ(
        EPOCH_US(DATE_TRUNC('DAY', MAKE_TIMESTAMP(EPOCH_US("r1"."observed_at") + 28800000000))) - 28800000000
      )
      ELSE TIMEZONE($p0, DATE_TRUNC('DAY', TIMEZONE($p0, "r1"."observed_at")))
    END AS "k0",
    CASE
      WHEN "r1"."place_code" % 10000000000000 = 0
      THEN NULL
      WHEN "r1"."place_code" BETWEEN 500106016000000 AND 500106016999999
      THEN 500172000000000
      ELSE "r1"."place_code" - "r1"."place_code" % 1000000000
    END AS "k1",
    "r2"."name" AS "k2",
    "r1"."level_m" AS "m3",
    "r1"."level_m" > $p2 AS "c4"
  FROM (
    SELECT
      "station_code" AS "station_code",
      "observed_at" AS "observed_at",
      "level_m" AS "level_m",
      "place_code" AS "place_code"
    FROM "shared"."reading"
    WHERE
      (
        "place_code" BETWEEN 500106000000000 AND 500106015999999
        OR "place_code" BETWEEN 500106017000000 AND 500106999999999
      )
  ) AS "r1"
  LEFT JOIN (
    SELECT
      "code" AS "code",
      "name" AS "name",
      LEFT(SHA256($mask_key || CAST("phone" AS TEXT)), 16) AS "phone"
    FROM "shared"."station"
  ) AS "r2"
    ON "r1"."station_code" = "r2"."code"
  WHERE
    "r1"."station_code" <> $p4
) AS "f1"
GROUP BY
  "f1"."k0",
  "f1"."k1",
  "f1"."k2"
HAVING
  COUNT(*) > $p3
ORDER BY
  MAX("f1"."m3") DESC,
  "f1"."k0" ASC,
  "f1"."k1" ASC,
  "f1"."k2" ASC
LIMIT 10
