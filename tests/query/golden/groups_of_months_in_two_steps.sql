SELECT
  {'p': CASE
    WHEN "s1"."k0" % 1000000000 = 0
    THEN LEFT(CAST("s1"."k0" AS TEXT), 6)
    WHEN "s1"."k0" % 1000000 = 0
    THEN LEFT(CAST("s1"."k0" AS TEXT), 9)
    WHEN "s1"."k0" % 1000 = 0
    THEN LEFT(CAST("s1"."k0" AS TEXT), 12)
    ELSE CAST("s1"."k0" AS TEXT)
  END, 'at': "s1"."k1"} AS "key",
  CAST(SUM("s1"."a0") AS BIGINT) AS "count",
  {'sum': CAST(SUM("s1"."a1") AS TEXT)} AS "high"
FROM (
  SELECT
    "f1"."k0" AS "k0",
    TIMEZONE(
      $p0,
      DATE_TRUNC(
        'QUARTER',
        TIMEZONE($p0, MAKE_TIMESTAMPTZ((
          "f1"."k1" & (
            -17592186044416
          )
        ))) + TO_MONTHS(
          (
            (
              "f1"."k1" & 15
            ) - MONTH(TIMEZONE($p0, MAKE_TIMESTAMPTZ((
              "f1"."k1" & (
                -17592186044416
              )
            )))) + 12
          ) % 12
        )
      )
    ) AS "k1",
    COUNT(*) AS "a0",
    SUM("f1"."m3") FILTER(WHERE
      "f1"."c2") AS "a1",
    MAX("f1"."m3") AS "a2"
  FROM (
    SELECT
      "r1"."place_code" AS "k0",
      (
        EPOCH_US("r1"."observed_at") & (
          -17592186044416
        )
      ) | MONTH(
        CASE
          WHEN "r1"."observed_at" BETWEEN CAST('1992-01-01T00:00:00+00:00' AS TIMESTAMPTZ) AND CAST('2200-01-01T00:00:00+00:00' AS TIMESTAMPTZ)
          THEN MAKE_TIMESTAMP(EPOCH_US("r1"."observed_at") + 28800000000)
          ELSE TIMEZONE($p0, "r1"."observed_at")
        END
      ) AS "k1",
      "r1"."level_m" > $p1 AS "c2",
      "r1"."level_m" AS "m3"
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
  ) AS "f1"
  GROUP BY
    "f1"."k0",
    "f1"."k1"
) AS "s1"
GROUP BY
  "s1"."k0",
  "s1"."k1"
HAVING
  CAST(SUM("s1"."a0") AS BIGINT) > $p2
ORDER BY
  MAX("s1"."a2") DESC,
  "s1"."k0" ASC,
  "s1"."k1" ASC
LIMIT 100
