-- $i0: 2026-02-01
-- $i1: 2026-04-01
-- $i2: 2026-03-01 00:00:00
-- $i3: 2026-03-01 00:00:00
-- $i4: 2026-03-01 00:00:00
-- $i5: 2027-01-01 08:00:00
-- $i6: 2026-03-01 00:00:00
WITH "facts0" AS (
  SELECT
    500000000000000 AS "place",
    DATE_TRUNC('MONTH', CAST("r"."opened_on" AS TIMESTAMP)) AS "ts",
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
), "periods" AS (
  SELECT
    "ts"
  FROM UNNEST(GENERATE_SERIES(CAST($i2 AS TIMESTAMP), CAST($i3 AS TIMESTAMP), INTERVAL '1' MONTH)) AS "series"("ts")
), "places" AS (
  SELECT
    "place"
  FROM (VALUES
    (500000000000000)) AS "listed"("place")
), "dense" AS (
  SELECT
    "place" AS "place",
    "ts",
    MAX("m0") AS "m0",
    MAX("m1") AS "m1"
  FROM (
    SELECT
      "f"."place" AS "place",
      "f"."ts",
      "f"."v0" AS "m0",
      CAST(NULL AS DOUBLE) AS "m1"
    FROM "facts0" AS "f"
    WHERE
      "f"."ts" >= CAST($i4 AS TIMESTAMP)
    UNION ALL
    SELECT
      "f"."place" AS "place",
      "p"."ts" AS "ts",
      CAST(NULL AS DOUBLE) AS "m0",
      "f"."v0" AS "m1"
    FROM "facts0" AS "f"
    JOIN "periods" AS "p"
      ON "f"."ts" = "p"."ts" - INTERVAL '1' MONTH
    UNION ALL
    SELECT
      "k"."place" AS "place",
      "p"."ts" AS "ts",
      CAST(NULL AS DOUBLE) AS "m0",
      CAST(NULL AS DOUBLE) AS "m1"
    FROM "places" AS "k"
    CROSS JOIN "periods" AS "p"
    UNION ALL
    SELECT
      "k"."place" AS "place",
      "p"."ts" AS "ts",
      CAST(NULL AS DOUBLE) AS "m0",
      CAST(NULL AS DOUBLE) AS "m1"
    FROM (
      SELECT DISTINCT
        "place" AS "place"
      FROM "facts0"
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
), "told" AS (
  SELECT
    "place" AS "place",
    "ts",
    CAST((
      "m0" - "m1"
    ) AS DOUBLE) / NULLIF(CAST("m1" AS DOUBLE), 0) AS "moved",
    (
      "m0" - "m1"
    ) AS "moved__numerator",
    "m1" AS "moved__denominator"
  FROM "dense"
)
SELECT
  'city' AS "level",
  "place" AS "place",
  "ts" AS "start",
  "ts" + INTERVAL '1' MONTH AS "end",
  "moved",
  "moved__numerator",
  "moved__denominator",
  CASE
    WHEN "moved" IS NULL AND "moved__denominator" = 0
    THEN 'missing'
    WHEN "moved" IS NULL
    THEN 'missing'
    WHEN "ts" + INTERVAL '1' MONTH > CAST($i5 AS TIMESTAMP)
    THEN 'provisional'
    ELSE 'normal'
  END AS "moved__status",
  CASE
    WHEN "moved" IS NULL AND "moved__denominator" = 0
    THEN 'zero_denominator'
    WHEN "moved" IS NULL
    THEN 'no_data'
    WHEN "ts" + INTERVAL '1' MONTH > CAST($i5 AS TIMESTAMP)
    THEN 'open_period'
  END AS "moved__reason"
FROM "told"
WHERE
  "ts" >= CAST($i6 AS TIMESTAMP)
