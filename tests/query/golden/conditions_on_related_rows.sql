SELECT
  "r1"."name" AS "name"
FROM (
  SELECT
    "code" AS "code",
    "name" AS "name",
    LEFT(SHA256($mask_key || CAST("phone" AS TEXT)), 16) AS "phone"
  FROM "shared"."station"
) AS "r1"
WHERE
  EXISTS(
    SELECT
      1
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
      "r1"."code" = "r2"."station_code" AND "r2"."level_m" > $p0
  )
  AND (
    NOT EXISTS(
      SELECT
        1
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
        "r1"."code" = "r3"."station_code" AND NOT COALESCE("r3"."level_m" < $p1, FALSE)
    )
    OR NOT EXISTS(
      SELECT
        1
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
      ) AS "r4"
      WHERE
        "r1"."code" = "r4"."station_code"
    )
    OR "r1"."code" = $p2
  )
  AND EXISTS(
    SELECT
      1
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
    ) AS "r5"
    WHERE
      "r1"."code" = "r5"."station_code"
      AND NOT (
        EXISTS(
          SELECT
            1
          FROM (
            SELECT
              "code" AS "code",
              "name" AS "name",
              LEFT(SHA256($mask_key || CAST("phone" AS TEXT)), 16) AS "phone"
            FROM "shared"."station"
          ) AS "r6"
          WHERE
            "r5"."station_code" = "r6"."code" AND "r6"."name" = $p3
        )
      )
  )
ORDER BY
  "r1"."code" ASC
LIMIT 100
