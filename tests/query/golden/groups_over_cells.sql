SELECT
  COUNT(*) AS "n",
  CAST(SUM("f1"."m1") AS TEXT) AS "sum"
FROM (
  SELECT
    "r1"."place_code" AS "k0",
    "r1"."level_m" AS "m1"
  FROM (
    SELECT
      "station_code",
      "observed_at",
      "level_m",
      "place_code"
    FROM (
      SELECT
        "station_code" AS "station_code",
        "observed_at" AS "observed_at",
        CASE
          WHEN COUNT("level_m") OVER (PARTITION BY "observed_at", "place_code") >= 5
          THEN "level_m"
        END AS "level_m",
        "place_code" AS "place_code",
        COUNT(*) OVER (PARTITION BY "observed_at", "place_code") AS "_rows"
      FROM (
        SELECT
          "station_code" AS "station_code",
          CASE
            WHEN "observed_at" BETWEEN CAST('1992-01-01T00:00:00+00:00' AS TIMESTAMPTZ) AND CAST('2200-01-01T00:00:00+00:00' AS TIMESTAMPTZ)
            THEN MAKE_TIMESTAMPTZ(
              EPOCH_US(DATE_TRUNC('MONTH', MAKE_TIMESTAMP(EPOCH_US("observed_at") + 28800000000))) - 28800000000
            )
            ELSE TIMEZONE('Asia/Shanghai', DATE_TRUNC('MONTH', TIMEZONE('Asia/Shanghai', "observed_at")))
          END AS "observed_at",
          "level_m" AS "level_m",
          "place_code" - "place_code" % 1000000 AS "place_code"
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
        ) AS "exact"
      ) AS "coarse"
    ) AS "cells"
    WHERE
      "_rows" >= 5
  ) AS "r1"
  WHERE
    "r1"."observed_at" >= $p0
) AS "f1"
GROUP BY
  "f1"."k0"
HAVING
  COUNT(*) >= 0
ORDER BY
  "f1"."k0" ASC
LIMIT 100
