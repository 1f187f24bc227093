SELECT
  "r1"."code" AS "c"
FROM (
  SELECT
    "code" AS "code",
    "longitude" AS "longitude",
    "latitude" AS "latitude"
  FROM "shared"."station"
) AS "r1"
WHERE
  CASE
    WHEN "r1"."longitude" IS NULL OR "r1"."latitude" IS NULL
    THEN NULL
    WHEN "r1"."longitude" BETWEEN $p0 AND $p1 AND "r1"."latitude" BETWEEN $p2 AND $p3
    THEN POWER(SIN(0.5 * RADIANS("r1"."latitude" - $p6)), 2) + $p4 * COS(RADIANS("r1"."latitude")) * POWER(SIN(0.5 * RADIANS("r1"."longitude" - $p5)), 2) <= $p7
    ELSE FALSE
  END
ORDER BY
  "r1"."code" ASC
LIMIT 100
