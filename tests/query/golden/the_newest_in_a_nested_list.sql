SELECT
  COALESCE("l2"."rows_", []) AS "latest"
FROM (
  SELECT
    "r1"."code" AS "code",
    "r1"."code" AS "_o0"
  FROM (
    SELECT
      "code" AS "code",
      "name" AS "name",
      LEFT(SHA256($mask_key || CAST("phone" AS TEXT)), 16) AS "phone"
    FROM "shared"."station"
  ) AS "r1"
  ORDER BY
    "r1"."code" ASC
  LIMIT 100
) AS "r1"
LEFT JOIN LATERAL (
  SELECT
    ARRAY_AGG("row_" ORDER BY "o0" ASC, "o1" ASC) AS "rows_"
  FROM (
    SELECT
      {'level': CAST("r2"."level_m" AS TEXT)} AS "row_",
      "r2"."station_code" AS "o0",
      "r2"."observed_at" AS "o1"
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
      EXISTS(
        SELECT
          1
        FROM (
          SELECT
            "code" AS "code",
            "name" AS "name",
            LEFT(SHA256($mask_key || CAST("phone" AS TEXT)), 16) AS "phone"
          FROM "shared"."station"
        ) AS "r3"
        WHERE
          "r2"."station_code" = "r3"."code" AND "r3"."name" <> $p0
      )
      AND "r1"."code" = "r2"."station_code"
    QUALIFY
      ROW_NUMBER() OVER (
        PARTITION BY "r2"."place_code"
        ORDER BY "r2"."observed_at" DESC, "r2"."station_code" ASC
      ) = 1
    ORDER BY
      "r2"."station_code" ASC,
      "r2"."observed_at" ASC
    LIMIT 1000000
  ) AS "page"
) AS "l2"
  ON TRUE
ORDER BY
  "r1"."_o0" ASC
LIMIT 100
