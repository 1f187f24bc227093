SELECT
  CASE WHEN "r2"."code" IS NULL THEN NULL ELSE {'name': "r2"."name"} END AS "station"
FROM (
  SELECT
    "r1"."station_code" AS "station_code",
    "r1"."observed_at" AS "observed_at",
    "r1"."station_code" AS "_o0",
    "r1"."observed_at" AS "_o1"
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
) AS "r1"
LEFT JOIN (
  SELECT
    "code" AS "code",
    "name" AS "name",
    LEFT(SHA256($mask_key || CAST("phone" AS TEXT)), 16) AS "phone"
  FROM "shared"."station"
) AS "r2"
  ON "r1"."station_code" = "r2"."code"
ORDER BY
  "r1"."_o0" ASC,
  "r1"."_o1" ASC
LIMIT 100
