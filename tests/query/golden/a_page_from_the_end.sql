SELECT
  "listed"."rows counted" AS "rows counted",
  "listed"."c0" AS "nodes",
  {'more': "listed"."more_"} AS "pageInfo"
FROM (
  SELECT
    COUNT(*) > 2 AS "more_",
    CASE WHEN COUNT(*) > 2 THEN 2 ELSE COUNT(*) END AS "rows counted",
    COALESCE(
      LIST_REVERSE(
        LIST_SLICE(ARRAY_AGG("c0" ORDER BY "o0" DESC NULLS FIRST, "o1" DESC NULLS FIRST), 1, 2)
      ),
      []
    ) AS "c0"
  FROM (
    SELECT
      {'level': CAST("r1"."level_m" AS TEXT)} AS "c0",
      "r1"."_o0" AS "o0",
      "r1"."_o1" AS "o1"
    FROM (
      SELECT
        "r1"."station_code" AS "station_code",
        "r1"."observed_at" AS "observed_at",
        "r1"."level_m" AS "level_m",
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
      QUALIFY
        ROW_NUMBER() OVER (PARTITION BY "r1"."station_code" ORDER BY "r1"."observed_at" DESC) = 1
      ORDER BY
        "r1"."station_code" DESC NULLS FIRST,
        "r1"."observed_at" DESC NULLS FIRST
      LIMIT 3
    ) AS "r1"
  ) AS "page"
) AS "listed"
LIMIT 1
