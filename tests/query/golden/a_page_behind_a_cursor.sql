SELECT
  "listed"."rows counted" AS "rows counted",
  "listed"."c0" AS "edges",
  {'has_next': "listed"."more_", 'has_previous': EXISTS(
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
      "r2"."level_m" > $p4
      AND NOT COALESCE(
        (
          (
            "r2"."level_m" <= CAST($p5 AS DECIMAL(9, 3)) OR "r2"."level_m" IS NULL
          )
          AND (
            (
              "r2"."level_m" < CAST($p5 AS DECIMAL(9, 3)) OR "r2"."level_m" IS NULL
            )
            OR (
              "r2"."station_code" >= CAST($p6 AS TEXT)
              AND (
                "r2"."station_code" > CAST($p6 AS TEXT)
                OR "r2"."observed_at" > TIMEZONE('UTC', CAST($p7 AS TIMESTAMP))
              )
            )
          )
        ),
        FALSE
      )
  ), 'start_cursor': LIST_EXTRACT("listed"."c1", 1), 'end_cursor': LIST_EXTRACT("listed"."c1", -1)} AS "pageInfo",
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
      ) AS "r3"
      WHERE
        "r3"."level_m" > $p8
    ) AS "rows"
  ) AS "totalCount"
FROM (
  SELECT
    COUNT(*) > 10 AS "more_",
    CASE WHEN COUNT(*) > 10 THEN 10 ELSE COUNT(*) END AS "rows counted",
    COALESCE(LIST_SLICE(ARRAY_AGG("c0" ORDER BY "o0" DESC, "o1" ASC, "o2" ASC), 1, 10), []) AS "c0",
    COALESCE(LIST_SLICE(ARRAY_AGG("c1" ORDER BY "o0" DESC, "o1" ASC, "o2" ASC), 1, 10), []) AS "c1"
  FROM (
    SELECT
      {'cursor': COALESCE(TO_BASE64(ENCODE(CAST("r1"."_o0" AS TEXT))), '-') || '.' || COALESCE(TO_BASE64(ENCODE(CAST("r1"."_o1" AS TEXT))), '-') || '.' || COALESCE(TO_BASE64(ENCODE(CAST(TIMEZONE('UTC', "r1"."_o2") AS TEXT))), '-') || '.' || LEFT(
        SHA256(
          $cursor_outer || SHA256(
            $cursor_inner || $cursor_list || '.' || COALESCE(TO_BASE64(ENCODE(CAST("r1"."_o0" AS TEXT))), '-') || '.' || COALESCE(TO_BASE64(ENCODE(CAST("r1"."_o1" AS TEXT))), '-') || '.' || COALESCE(TO_BASE64(ENCODE(CAST(TIMEZONE('UTC', "r1"."_o2") AS TEXT))), '-')
          )
        ),
        32
      ), 'node': {'level': CAST("r1"."level_m" AS TEXT)}} AS "c0",
      COALESCE(TO_BASE64(ENCODE(CAST("r1"."_o0" AS TEXT))), '-') || '.' || COALESCE(TO_BASE64(ENCODE(CAST("r1"."_o1" AS TEXT))), '-') || '.' || COALESCE(TO_BASE64(ENCODE(CAST(TIMEZONE('UTC', "r1"."_o2") AS TEXT))), '-') || '.' || LEFT(
        SHA256(
          $cursor_outer || SHA256(
            $cursor_inner || $cursor_list || '.' || COALESCE(TO_BASE64(ENCODE(CAST("r1"."_o0" AS TEXT))), '-') || '.' || COALESCE(TO_BASE64(ENCODE(CAST("r1"."_o1" AS TEXT))), '-') || '.' || COALESCE(TO_BASE64(ENCODE(CAST(TIMEZONE('UTC', "r1"."_o2") AS TEXT))), '-')
          )
        ),
        32
      ) AS "c1",
      "r1"."_o0" AS "o0",
      "r1"."_o1" AS "o1",
      "r1"."_o2" AS "o2"
    FROM (
      SELECT
        "r1"."level_m" AS "level_m",
        "r1"."station_code" AS "station_code",
        "r1"."observed_at" AS "observed_at",
        "r1"."level_m" AS "_o0",
        "r1"."station_code" AS "_o1",
        "r1"."observed_at" AS "_o2"
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
      WHERE
        "r1"."level_m" > $p0
        AND (
          (
            "r1"."level_m" <= CAST($p1 AS DECIMAL(9, 3)) OR "r1"."level_m" IS NULL
          )
          AND (
            (
              "r1"."level_m" < CAST($p1 AS DECIMAL(9, 3)) OR "r1"."level_m" IS NULL
            )
            OR (
              "r1"."station_code" >= CAST($p2 AS TEXT)
              AND (
                "r1"."station_code" > CAST($p2 AS TEXT)
                OR "r1"."observed_at" > TIMEZONE('UTC', CAST($p3 AS TIMESTAMP))
              )
            )
          )
        )
      ORDER BY
        "r1"."level_m" DESC,
        "r1"."station_code" ASC,
        "r1"."observed_at" ASC
      LIMIT 11
    ) AS "r1"
  ) AS "page"
) AS "listed"
LIMIT 1
