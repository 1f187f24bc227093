SELECT
  0 AS "rows counted",
  (
    SELECT
      COUNT(*)
    FROM (
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
      ) AS "r1"
    ) AS "rows"
  ) AS "totalCount"
LIMIT 1
