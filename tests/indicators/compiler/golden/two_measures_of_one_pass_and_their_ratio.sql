-- $i0: 2026-03-01
-- $i1: 2026-03-08
-- $i2: fire
-- $i3: 2026-03-01 00:00:00
-- $i4: 2026-03-01 00:00:00
-- $i5: 2026-03-07 00:00:00
-- $i6: 2027-01-01 08:00:00
-- $i7: 2026-03-01 00:00:00
WITH "facts0" AS (
  SELECT
    CASE
      WHEN "r"."place_code" % 10000000000000 = 0
      THEN NULL
      ELSE "r"."place_code" - "r"."place_code" % 1000000000
    END AS "place",
    CAST("r"."opened_on" AS TIMESTAMP) AS "ts",
    CAST(NULLIF(COUNT(*) FILTER(WHERE
      "r"."kind" = $i2), 0) AS DOUBLE) AS "v0",
    CAST(NULLIF(COUNT(*), 0) AS DOUBLE) AS "v1"
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
    (500106000000000)) AS "listed"("place")
), "periods" AS (
  SELECT
    "ts"
  FROM UNNEST(GENERATE_SERIES(CAST($i4 AS TIMESTAMP), CAST($i5 AS TIMESTAMP), INTERVAL '1' DAY)) AS "series"("ts")
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
      "f"."v1" AS "m1"
    FROM "facts0" AS "f"
    WHERE
      "f"."ts" >= CAST($i3 AS TIMESTAMP)
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
    CAST("m0" AS DOUBLE) / NULLIF(CAST("m1" AS DOUBLE), 0) * 100 AS "share",
    "m0" AS "share__numerator",
    "m1" AS "share__denominator"
  FROM "dense"
)
SELECT
  'district' AS "level",
  "place" AS "place",
  "ts" AS "start",
  "ts" + INTERVAL '1' DAY AS "end",
  "share",
  "share__numerator",
  "share__denominator",
  CASE
    WHEN "share" IS NULL AND "share__denominator" = 0
    THEN 'missing'
    WHEN "share" IS NULL
    THEN 'missing'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i6 AS TIMESTAMP)
    THEN 'provisional'
    ELSE 'normal'
  END AS "share__status",
  CASE
    WHEN "share" IS NULL AND "share__denominator" = 0
    THEN 'zero_denominator'
    WHEN "share" IS NULL
    THEN 'no_data'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i6 AS TIMESTAMP)
    THEN 'open_period'
  END AS "share__reason"
FROM "told"
WHERE
  "ts" >= CAST($i7 AS TIMESTAMP)
