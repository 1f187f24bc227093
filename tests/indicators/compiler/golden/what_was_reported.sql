-- $i0: 2026-03-01
-- $i1: 2026-03-08
-- $i2: 2026-03-01 00:00:00
-- $i3: 2026-03-01 00:00:00
-- $i4: 2026-03-07 00:00:00
-- $i5: 2027-01-01 08:00:00
-- $i6: 2026-03-01 00:00:00
WITH "v0_readings" AS (
  SELECT
    "r"."place_code" AS "place",
    CAST("r"."opened_on" AS TIMESTAMP) AS "ts",
    CAST("r"."opened_on" AS TIMESTAMP) AS "seen",
    CAST("r"."minutes" AS DOUBLE) AS "worth",
    ROW_NUMBER() OVER (
      PARTITION BY "r"."place_code", CAST("r"."opened_on" AS TIMESTAMP)
      ORDER BY CAST("r"."opened_on" AS TIMESTAMP) DESC, "r"."event_id" DESC
    ) AS "rank"
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
    (
      "r"."opened_on" >= $i0 AND "r"."opened_on" < $i1
    )
    AND NOT "r"."minutes" IS NULL
), "v0_told" AS (
  SELECT
    "place" AS "place",
    "ts",
    "worth" AS "v0"
  FROM "v0_readings"
  WHERE
    "rank" = 1 AND "place" IN (500106000000000)
), "places" AS (
  SELECT
    "place"
  FROM (VALUES
    (500106000000000)) AS "listed"("place")
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
    FROM "v0_told" AS "f"
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
), "told" AS (
  SELECT
    "place" AS "place",
    "ts",
    "m0" AS "told",
    CAST(NULL AS DOUBLE) AS "told__numerator",
    CAST(NULL AS DOUBLE) AS "told__denominator"
  FROM "dense"
)
SELECT
  'district' AS "level",
  "place" AS "place",
  "ts" AS "start",
  "ts" + INTERVAL '1' DAY AS "end",
  "told",
  "told__numerator",
  "told__denominator",
  CASE
    WHEN "told" IS NULL
    THEN 'missing'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i5 AS TIMESTAMP)
    THEN 'provisional'
    ELSE 'normal'
  END AS "told__status",
  CASE
    WHEN "told" IS NULL
    THEN 'no_data'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i5 AS TIMESTAMP)
    THEN 'open_period'
  END AS "told__reason"
FROM "told"
WHERE
  "ts" >= CAST($i6 AS TIMESTAMP)
