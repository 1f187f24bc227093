-- $i0: 2026-02-22
-- $i1: 2026-03-08
-- $i2: 2026-02-22 00:00:00
-- $i3: 2026-03-07 00:00:00
-- $i4: 2026-03-01 00:00:00
-- $i5: 2026-03-01 00:00:00
-- $i6: 2026-03-07 00:00:00
-- $i7: 2027-01-01 08:00:00
-- $i8: 2027-01-01 08:00:00
-- $i9: 2026-03-01 00:00:00
WITH "v0_steps" AS (
  SELECT
    CASE
      WHEN "r"."place_code" % 10000000000000 = 0
      THEN NULL
      ELSE "r"."place_code" - "r"."place_code" % 1000000000
    END AS "place",
    CAST("r"."opened_on" AS TIMESTAMP) AS "ts",
    CAST(NULLIF(COUNT(*), 0) AS DOUBLE) AS "v0"
  FROM (
    SELECT
      "event_id" AS "event_id",
      "grid_id" AS "grid_id",
      "kind" AS "kind",
      "opened_on" AS "opened_on",
      "opened_at" AS "opened_at",
      "closed_at" AS "closed_at",
      "minutes" AS "minutes",
      "place_code" AS "place_code"
    FROM "shared"."event_fact"
  ) AS "r"
  WHERE
    "r"."opened_on" >= $i0 AND "r"."opened_on" < $i1
  GROUP BY
    1,
    2
), "steps_day_202602220000" AS (
  SELECT
    "ts"
  FROM UNNEST(GENERATE_SERIES(CAST($i2 AS TIMESTAMP), CAST($i3 AS TIMESTAMP), INTERVAL '1' DAY)) AS "series"("ts")
), "v0_dense" AS (
  SELECT
    "place" AS "place",
    "ts",
    MAX("v0") AS "v0"
  FROM (
    SELECT
      "place" AS "place",
      "ts",
      "v0"
    FROM "v0_steps"
    UNION ALL
    SELECT
      "k"."place" AS "place",
      "s"."ts" AS "ts",
      CAST(NULL AS DOUBLE) AS "v0"
    FROM (
      SELECT DISTINCT
        "place" AS "place"
      FROM "v0_steps"
    ) AS "k"
    CROSS JOIN "steps_day_202602220000" AS "s"
  ) AS "both"
  GROUP BY
    1,
    2
), "v0_framed" AS (
  SELECT
    "place" AS "place",
    "ts",
    SUM("v0") OVER (PARTITION BY "place" ORDER BY "ts" ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS "v0"
  FROM "v0_dense"
), "v0_told" AS (
  SELECT
    "place" AS "place",
    "ts",
    "v0"
  FROM "v0_framed"
), "places" AS (
  SELECT
    "place"
  FROM (VALUES
    (500106000000000)) AS "listed"("place")
), "periods" AS (
  SELECT
    "ts"
  FROM UNNEST(GENERATE_SERIES(CAST($i5 AS TIMESTAMP), CAST($i6 AS TIMESTAMP), INTERVAL '1' DAY)) AS "series"("ts")
), "dense" AS (
  SELECT
    "place" AS "place",
    "ts",
    MAX("m0") AS "m0"
  FROM (
    SELECT
      "f"."place" AS "place",
      "f"."ts",
      "f"."v0" AS "m0"
    FROM "v0_told" AS "f"
    WHERE
      "f"."ts" >= CAST($i4 AS TIMESTAMP)
    UNION ALL
    SELECT
      "k"."place" AS "place",
      "p"."ts" AS "ts",
      CAST(NULL AS DOUBLE) AS "m0"
    FROM "places" AS "k"
    CROSS JOIN "periods" AS "p"
    UNION ALL
    SELECT
      "k"."place" AS "place",
      "p"."ts" AS "ts",
      CAST(NULL AS DOUBLE) AS "m0"
    FROM (
      SELECT DISTINCT
        "place" AS "place"
      FROM "v0_told"
      WHERE
        "place" IS NULL OR NOT "place" IN (
          SELECT
            "place"
          FROM "places"
        )
    ) AS "k"
    CROSS JOIN "periods" AS "p"
  ) AS "stack"
  GROUP BY
    1,
    2
), "bounds0" AS (
  SELECT
    MIN(CAST("r"."opened_on" AS TIMESTAMP)) AS "begin",
    MAX(CAST("r"."opened_on" AS TIMESTAMP)) AS "newest"
  FROM (
    SELECT
      "event_id" AS "event_id",
      "grid_id" AS "grid_id",
      "kind" AS "kind",
      "opened_on" AS "opened_on",
      "opened_at" AS "opened_at",
      "closed_at" AS "closed_at",
      "minutes" AS "minutes",
      "place_code" AS "place_code"
    FROM "shared"."event_fact"
  ) AS "r"
  WHERE
    CAST("r"."opened_on" AS TIMESTAMP) <= CAST($i7 AS TIMESTAMP)
), "told" AS (
  SELECT
    "place" AS "place",
    "ts",
    "m0" AS "week",
    CAST(NULL AS DOUBLE) AS "week__numerator",
    CAST(NULL AS DOUBLE) AS "week__denominator"
  FROM "dense"
  CROSS JOIN "bounds0"
)
SELECT
  'district' AS "level",
  "place" AS "place",
  "ts" AS "start",
  "ts" + INTERVAL '1' DAY AS "end",
  "week",
  "week__numerator",
  "week__denominator",
  CASE
    WHEN "week" IS NULL AND "ts" + INTERVAL '1' DAY <= "bounds0"."begin"
    THEN 'missing'
    WHEN "week" IS NULL
    THEN 'missing'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i8 AS TIMESTAMP)
    THEN 'provisional'
    WHEN DATE_TRUNC('DAY', "bounds0"."begin") > "ts" + INTERVAL '1' DAY - INTERVAL '7' DAY
    THEN 'estimated'
    ELSE 'normal'
  END AS "week__status",
  CASE
    WHEN "week" IS NULL AND "ts" + INTERVAL '1' DAY <= "bounds0"."begin"
    THEN 'before_data'
    WHEN "week" IS NULL
    THEN 'no_data'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i8 AS TIMESTAMP)
    THEN 'open_period'
    WHEN DATE_TRUNC('DAY', "bounds0"."begin") > "ts" + INTERVAL '1' DAY - INTERVAL '7' DAY
    THEN 'short_window'
  END AS "week__reason"
FROM "told"
CROSS JOIN "bounds0"
WHERE
  "ts" >= CAST($i9 AS TIMESTAMP)
