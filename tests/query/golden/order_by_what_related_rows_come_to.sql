SELECT
  "r1"."name" AS "name"
FROM (
  SELECT
    "code" AS "code",
    "name" AS "name",
    LEFT(SHA256($mask_key || CAST("phone" AS TEXT)), 16) AS "phone"
  FROM "shared"."station"
) AS "r1"
LEFT JOIN LATERAL (
  SELECT
    MAX("r2"."level_m") AS "value_"
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
  ) AS "r2"
  WHERE
    "r1"."code" = "r2"."station_code"
) AS "t2"
  ON TRUE
LEFT JOIN LATERAL (
  SELECT
    COUNT(*) AS "value_"
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
  ) AS "r3"
  WHERE
    "r1"."code" = "r3"."station_code"
) AS "t3"
  ON TRUE
ORDER BY
  "t2"."value_" DESC,
  "t3"."value_" ASC NULLS FIRST,
  "r1"."code" ASC
LIMIT 100
