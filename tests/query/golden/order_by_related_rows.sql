SELECT
  CASE WHEN "r4"."code" IS NULL THEN NULL ELSE {'name': "r4"."name"} END AS "station"
FROM (
  SELECT
    "r1"."station_code" AS "station_code",
    "r1"."observed_at" AS "observed_at",
    "r2"."name" AS "_o0",
    "t3"."value_" AS "_o1",
    "r1"."station_code" AS "_o2",
    "r1"."observed_at" AS "_o3"
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
      "r2"."code" = "r3"."station_code"
  ) AS "t3"
    ON TRUE
  ORDER BY
    "r2"."name" DESC,
    "t3"."value_" DESC,
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
) AS "r4"
  ON "r1"."station_code" = "r4"."code"
ORDER BY
  "r1"."_o0" DESC,
  "r1"."_o1" DESC,
  "r1"."_o2" ASC,
  "r1"."_o3" ASC
LIMIT 100
