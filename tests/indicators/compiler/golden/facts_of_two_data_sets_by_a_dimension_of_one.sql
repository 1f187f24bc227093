-- $i0: 2026-03-01
-- $i1: 2026-03-08
-- $i2: 2026-03-01
-- $i3: 2026-03-08
-- $i4: 2026-03-01 00:00:00
-- $i5: 2026-03-01 00:00:00
-- $i6: 2026-03-07 00:00:00
-- $i7: 2027-01-01 08:00:00
-- $i8: 2026-03-01 00:00:00
WITH "facts0" AS (
  SELECT
    500000000000000 AS "place",
    "r.event"."kind" AS "d0",
    CAST("r"."sent_on" AS TIMESTAMP) AS "ts",
    CAST(NULLIF(COUNT(*), 0) AS DOUBLE) AS "v0"
  FROM (
    SELECT
      "dispatch_id" AS "dispatch_id",
      "event_id" AS "event_id",
      "sent_on" AS "sent_on",
      "dept" AS "dept"
    FROM "shared"."dispatch"
  ) AS "r"
  LEFT JOIN (
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
  ) AS "r.event"
    ON "r"."event_id" = "r.event"."event_id"
  WHERE
    "r"."sent_on" >= $i0 AND "r"."sent_on" < $i1
  GROUP BY
    1,
    2,
    3
), "facts1" AS (
  SELECT
    500000000000000 AS "place",
    "r"."kind" AS "d0",
    CAST("r"."opened_on" AS TIMESTAMP) AS "ts",
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
    "r"."opened_on" >= $i2 AND "r"."opened_on" < $i3
  GROUP BY
    1,
    2,
    3
), "periods" AS (
  SELECT
    "ts"
  FROM UNNEST(GENERATE_SERIES(CAST($i5 AS TIMESTAMP), CAST($i6 AS TIMESTAMP), INTERVAL '1' DAY)) AS "series"("ts")
), "dense" AS (
  SELECT
    "place" AS "place",
    "d0" AS "d0",
    "ts",
    MAX("m0") AS "m0",
    MAX("m1") AS "m1"
  FROM (
    SELECT
      "f"."place" AS "place",
      "f"."d0" AS "d0",
      "f"."ts",
      "f"."v0" AS "m0",
      CAST(NULL AS DOUBLE) AS "m1"
    FROM "facts0" AS "f"
    WHERE
      "f"."ts" >= CAST($i4 AS TIMESTAMP)
    UNION ALL
    SELECT
      "f"."place" AS "place",
      "f"."d0" AS "d0",
      "f"."ts",
      CAST(NULL AS DOUBLE) AS "m0",
      "f"."v1" AS "m1"
    FROM "facts1" AS "f"
    WHERE
      "f"."ts" >= CAST($i4 AS TIMESTAMP)
    UNION ALL
    SELECT
      "k"."place" AS "place",
      "k"."d0" AS "d0",
      "p"."ts" AS "ts",
      CAST(NULL AS DOUBLE) AS "m0",
      CAST(NULL AS DOUBLE) AS "m1"
    FROM (
      SELECT DISTINCT
        "place" AS "place",
        "d0" AS "d0"
      FROM "facts0"
      UNION
      SELECT DISTINCT
        "place" AS "place",
        "d0" AS "d0"
      FROM "facts1"
    ) AS "k"
    CROSS JOIN "periods" AS "p"
  ) AS "stack"
  GROUP BY
    1,
    2,
    3
), "told" AS (
  SELECT
    "place" AS "place",
    "d0" AS "d0",
    "ts",
    CAST("m0" AS DOUBLE) / NULLIF(CAST("m1" AS DOUBLE), 0) AS "each",
    CAST(NULL AS DOUBLE) AS "each__numerator",
    CAST(NULL AS DOUBLE) AS "each__denominator"
  FROM "dense"
)
SELECT
  'city' AS "level",
  "place" AS "place",
  "d0" AS "event_fact.kind",
  "ts" AS "start",
  "ts" + INTERVAL '1' DAY AS "end",
  "each",
  "each__numerator",
  "each__denominator",
  CASE
    WHEN "each" IS NULL
    THEN 'missing'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i7 AS TIMESTAMP)
    THEN 'provisional'
    ELSE 'normal'
  END AS "each__status",
  CASE
    WHEN "each" IS NULL
    THEN 'no_data'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i7 AS TIMESTAMP)
    THEN 'open_period'
  END AS "each__reason"
FROM "told"
WHERE
  "ts" >= CAST($i8 AS TIMESTAMP)
