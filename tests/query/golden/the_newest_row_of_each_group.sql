SELECT
  CAST("r1"."level_m" AS TEXT) AS "level"
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
QUALIFY
  ROW_NUMBER() OVER (PARTITION BY "r1"."station_code" ORDER BY "r1"."observed_at" DESC) = 1
ORDER BY
  "r1"."station_code" ASC,
  "r1"."observed_at" ASC
LIMIT 100
