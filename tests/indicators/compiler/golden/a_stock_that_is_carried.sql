-- $i0: 2026-02-26
-- $i1: 2026-03-08
-- $i2: 2027-01-01 08:00:00
-- $i3: 2026-03-08 00:00:00
-- $i4: 2026-03-01 00:00:00
-- $i5: 2026-03-07 00:00:00
-- $i6: 2026-03-01 00:00:00
-- $i7: 2027-01-01 08:00:00
-- $i8: 2026-03-01 00:00:00
WITH "v0_readings" AS (
  SELECT
    CASE
      WHEN "r"."place_code" % 10000000000000 = 0
      THEN NULL
      ELSE "r"."place_code" - "r"."place_code" % 1000000000
    END AS "place",
    "r"."grid_id" AS "e0",
    CAST("r"."opened_on" AS TIMESTAMP) AS "ts",
    CAST("r"."opened_on" AS TIMESTAMP) AS "seen",
    "r"."minutes" AS "worth",
    ROW_NUMBER() OVER (
      PARTITION BY "r"."grid_id", CAST("r"."opened_on" AS TIMESTAMP)
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
), "v0_each" AS (
  SELECT
    "place",
    "e0",
    "ts",
    "seen",
    "worth"
  FROM "v0_readings"
  WHERE
    "rank" = 1
), "periods" AS (
  SELECT
    "ts"
  FROM UNNEST(GENERATE_SERIES(CAST($i4 AS TIMESTAMP), CAST($i5 AS TIMESTAMP), INTERVAL '1' DAY)) AS "series"("ts")
), "v0_carried" AS (
  SELECT
    "o"."place" AS "place",
    "p"."ts" AS "ts",
    "o"."worth"
  FROM (
    SELECT
      "place",
      "ts",
      "seen",
      "worth",
      LEAD("ts") OVER (PARTITION BY "e0" ORDER BY "ts") AS "next"
    FROM "v0_each"
  ) AS "o"
  JOIN "periods" AS "p"
    ON "p"."ts" >= "o"."ts"
    AND "p"."ts" < COALESCE("o"."next", CAST($i3 AS TIMESTAMP))
    AND (
      "p"."ts" = "o"."ts"
      OR "o"."seen" >= LEAST("p"."ts" + INTERVAL '1' DAY, CAST($i2 AS TIMESTAMP)) - INTERVAL '259200' SECOND
    )
), "v0_told" AS (
  SELECT
    "place" AS "place",
    "ts",
    CAST(SUM("worth") AS DOUBLE) AS "v0"
  FROM "v0_carried"
  GROUP BY
    1,
    2
), "places" AS (
  SELECT
    "place"
  FROM (VALUES
    (500106000000000)) AS "listed"("place")
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
      "f"."ts" >= CAST($i6 AS TIMESTAMP)
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
    "m0" AS "stock",
    CAST(NULL AS DOUBLE) AS "stock__numerator",
    CAST(NULL AS DOUBLE) AS "stock__denominator"
  FROM "dense"
)
SELECT
  'district' AS "level",
  "place" AS "place",
  "ts" AS "start",
  "ts" + INTERVAL '1' DAY AS "end",
  "stock",
  "stock__numerator",
  "stock__denominator",
  CASE
    WHEN "stock" IS NULL
    THEN 'missing'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i7 AS TIMESTAMP)
    THEN 'provisional'
    ELSE 'normal'
  END AS "stock__status",
  CASE
    WHEN "stock" IS NULL
    THEN 'no_data'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i7 AS TIMESTAMP)
    THEN 'open_period'
  END AS "stock__reason"
FROM "told"
WHERE
  "ts" >= CAST($i8 AS TIMESTAMP)
