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
    THEN (
      (
        "r1"."latitude" >= $p4
        AND "r1"."latitude" < $p5
        AND (
          "r1"."longitude" - $p6
        ) * $p7 < (
          "r1"."latitude" - $p4
        ) * $p8
      ) <> (
        "r1"."latitude" >= $p9
        AND "r1"."latitude" < $p10
        AND (
          "r1"."longitude" - $p11
        ) * $p12 < (
          "r1"."latitude" - $p9
        ) * $p13
      )
    )
    ELSE FALSE
  END
ORDER BY
  "r1"."code" ASC
LIMIT 100
