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
WHERE
  "r1"."level_m" BETWEEN $p0 AND $p1
  AND (
    "r1"."station_code" = $p2 OR CONTAINS("r1"."station_code", $p3)
  )
  AND NOT (
    "r1"."station_code" IN ($p4, $p5)
  )
  AND NOT "r1"."level_m" IS NULL
  AND (
    "r1"."place_code" BETWEEN 500106016000000 AND 500106016999999
    OR "r1"."place_code" BETWEEN 500172000000000 AND 500172999999999
  )
  AND "r1"."observed_at" >= $p6
ORDER BY
  "r1"."station_code" ASC,
  "r1"."observed_at" ASC
LIMIT 100
