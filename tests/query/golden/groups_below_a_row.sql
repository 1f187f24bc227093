SELECT
  "r1"."name" AS "name",
  COALESCE("l2"."rows_", []) AS "days"
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
    ARRAY_AGG("row_" ORDER BY "o0" ASC) AS "rows_"
  FROM (
    SELECT
      {'n': COUNT(*)} AS "row_",
      "f2"."k0" AS "o0"
    FROM (
      SELECT
        CASE
          WHEN "r2"."observed_at" BETWEEN CAST('1992-01-01T00:00:00+00:00' AS TIMESTAMPTZ) AND CAST('2200-01-01T00:00:00+00:00' AS TIMESTAMPTZ)
          THEN MAKE_TIMESTAMPTZ(
            EPOCH_US(DATE_TRUNC('DAY', MAKE_TIMESTAMP(EPOCH_US("r2"."observed_at") + 28800000000))) - 28800000000
          )
          ELSE TIMEZONE($p0, DATE_TRUNC('DAY', TIMEZONE($p0, "r2"."observed_at")))
        END AS "k0"
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
    ) AS "f2"
    GROUP BY
      "f2"."k0"
    HAVING
      COUNT(*) >= 0
    ORDER BY
      "f2"."k0" ASC
    LIMIT 3
  ) AS "page"
) AS "l2"
  ON TRUE
ORDER BY
  "r1"."_o0" ASC
LIMIT 100
