-- $i0: 2026-03-01
-- $i1: 2026-03-08
-- $i2: 2026-03-01 00:00:00
-- $i3: 2026-03-01 00:00:00
-- $i4: 2026-03-07 00:00:00
-- $i5: 2027-01-01 08:00:00
-- $i6: 2027-01-01 08:00:00
-- $i7: 2026-03-01 00:00:00
WITH "facts0" AS (
  SELECT
    500000000000000 AS "place",
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
), "places" AS (
  SELECT
    "place"
  FROM (VALUES
    (500000000000000)) AS "listed"("place")
), "periods" AS (
  SELECT
    "ts"
  FROM UNNEST(GENERATE_SERIES(CAST($i3 AS TIMESTAMP), CAST($i4 AS TIMESTAMP), INTERVAL '1' DAY)) AS "series"("ts")
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
    FROM "facts0" AS "f"
    WHERE
      "f"."ts" >= CAST($i2 AS TIMESTAMP)
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
    CAST("r"."opened_on" AS TIMESTAMP) <= CAST($i5 AS TIMESTAMP)
), "told" AS (
  SELECT
    "place" AS "place",
    "ts",
    CASE
      WHEN "m0" IS NULL AND "ts" >= DATE_TRUNC('DAY', "bounds0"."begin")
      THEN CAST(0 AS DOUBLE)
      ELSE "m0"
    END AS "zeros",
    CAST(NULL AS DOUBLE) AS "zeros__numerator",
    CAST(NULL AS DOUBLE) AS "zeros__denominator"
  FROM "dense"
  CROSS JOIN "bounds0"
)
SELECT
  'city' AS "level",
  "place" AS "place",
  "ts" AS "start",
  "ts" + INTERVAL '1' DAY AS "end",
  "zeros",
  "zeros__numerator",
  "zeros__denominator",
  CASE
    WHEN "zeros" IS NULL AND "ts" + INTERVAL '1' DAY <= "bounds0"."begin"
    THEN 'missing'
    WHEN "zeros" IS NULL
    THEN 'missing'
    WHEN "bounds0"."newest" < LEAST("ts" + INTERVAL '1' DAY, CAST($i6 AS TIMESTAMP)) - INTERVAL '86400' SECOND
    THEN 'late'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i6 AS TIMESTAMP)
    THEN 'provisional'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i6 AS TIMESTAMP) - INTERVAL '21600' SECOND
    THEN 'provisional'
    ELSE 'normal'
  END AS "zeros__status",
  CASE
    WHEN "zeros" IS NULL AND "ts" + INTERVAL '1' DAY <= "bounds0"."begin"
    THEN 'before_data'
    WHEN "zeros" IS NULL
    THEN 'no_data'
    WHEN "bounds0"."newest" < LEAST("ts" + INTERVAL '1' DAY, CAST($i6 AS TIMESTAMP)) - INTERVAL '86400' SECOND
    THEN 'stale_data'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i6 AS TIMESTAMP)
    THEN 'open_period'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i6 AS TIMESTAMP) - INTERVAL '21600' SECOND
    THEN 'within_lag'
  END AS "zeros__reason"
FROM "told"
CROSS JOIN "bounds0"
WHERE
  "ts" >= CAST($i7 AS TIMESTAMP)
