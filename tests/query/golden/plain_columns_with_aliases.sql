SELECT
  "r1"."observed_at" AS "at",
  CASE
    WHEN "r1"."place_code" % 1000000000 = 0
    THEN LEFT(CAST("r1"."place_code" AS TEXT), 6)
    WHEN "r1"."place_code" % 1000000 = 0
    THEN LEFT(CAST("r1"."place_code" AS TEXT), 9)
    WHEN "r1"."place_code" % 1000 = 0
    THEN LEFT(CAST("r1"."place_code" AS TEXT), 12)
    ELSE CAST("r1"."place_code" AS TEXT)
  END AS "p",
  'T' AS "__typename"
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
ORDER BY
  "r1"."station_code" ASC,
  "r1"."observed_at" ASC
LIMIT 100
