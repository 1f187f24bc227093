SELECT
  "r1"."name" AS "name",
  COALESCE("l2"."rows_", []) AS "latest"
FROM (
  SELECT
    "r1"."code" AS "code",
    "r1"."name" AS "name",
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
    ARRAY_AGG("row_" ORDER BY "o0" DESC, "o1" ASC) AS "rows_"
  FROM (
    SELECT
      {'level': CAST("r2"."level_m" AS TEXT)} AS "row_",
      "r2"."observed_at" AS "o0",
      "r2"."station_code" AS "o1"
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
      "r2"."level_m" > $p0 AND "r1"."code" = "r2"."station_code"
    ORDER BY
      "r2"."observed_at" DESC,
      "r2"."station_code" ASC
    LIMIT 2
  ) AS "page"
) AS "l2"
  ON TRUE
ORDER BY
  "r1"."_o0" ASC
LIMIT 100
