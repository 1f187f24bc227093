-- $i0: 2025-11-06 00:00:00
-- $i1: 2025-11-05
-- $i2: 2025-11-08
-- $i3: 2025-11-05 00:00:00
-- $i4: 2025-11-05 00:00:00
-- $i5: 2025-11-07 00:00:00
-- $i6: 2027-01-01 08:00:00
-- $i7: 2025-11-05 00:00:00
WITH "facts0" AS (
  SELECT
    CASE
      WHEN CAST("r"."opened_on" AS TIMESTAMP) < $i0
      THEN CASE
        WHEN "r"."place_code" % 10000000000000 = 0
        THEN NULL
        ELSE "r"."place_code" - "r"."place_code" % 1000000000
      END
      ELSE CASE
        WHEN "r"."place_code" % 10000000000000 = 0
        THEN NULL
        WHEN "r"."place_code" BETWEEN 500105001000000 AND 500105001999999
        THEN 500171000000000
        WHEN "r"."place_code" BETWEEN 500112001000000 AND 500112001999999
        THEN 500171000000000
        WHEN "r"."place_code" BETWEEN 500112002000000 AND 500112002999999
        THEN 500109000000000
        ELSE "r"."place_code" - "r"."place_code" % 1000000000
      END
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
    "r"."opened_on" >= $i1 AND "r"."opened_on" < $i2
  GROUP BY
    1,
    2
), "places" AS (
  SELECT
    "place",
    "since",
    "until"
  FROM (VALUES
    (
      500109000000000,
      CAST('0001-01-01 00:00:00' AS TIMESTAMP),
      CAST('9999-01-01 00:00:00' AS TIMESTAMP)
    ),
    (
      500105000000000,
      CAST('0001-01-01 00:00:00' AS TIMESTAMP),
      CAST('2025-11-06 00:00:00' AS TIMESTAMP)
    ),
    (
      500112000000000,
      CAST('0001-01-01 00:00:00' AS TIMESTAMP),
      CAST('2025-11-06 00:00:00' AS TIMESTAMP)
    ),
    (
      500171000000000,
      CAST('2025-11-06 00:00:00' AS TIMESTAMP),
      CAST('9999-01-01 00:00:00' AS TIMESTAMP)
    )) AS "listed"("place", "since", "until")
), "periods" AS (
  SELECT
    "ts"
  FROM UNNEST(GENERATE_SERIES(CAST($i4 AS TIMESTAMP), CAST($i5 AS TIMESTAMP), INTERVAL '1' DAY)) AS "series"("ts")
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
      "f"."ts" >= CAST($i3 AS TIMESTAMP)
    UNION ALL
    SELECT
      "k"."place" AS "place",
      "p"."ts" AS "ts",
      CAST(NULL AS DOUBLE) AS "m0"
    FROM "places" AS "k"
    CROSS JOIN "periods" AS "p"
    WHERE
      "p"."ts" + INTERVAL '1' DAY > "k"."since" AND "p"."ts" < "k"."until"
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
), "told" AS (
  SELECT
    "place" AS "place",
    "ts",
    "m0" AS "n",
    CAST(NULL AS DOUBLE) AS "n__numerator",
    CAST(NULL AS DOUBLE) AS "n__denominator"
  FROM "dense"
)
SELECT
  'district' AS "level",
  "place" AS "place",
  "ts" AS "start",
  "ts" + INTERVAL '1' DAY AS "end",
  "n",
  "n__numerator",
  "n__denominator",
  CASE
    WHEN "n" IS NULL
    THEN 'missing'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i6 AS TIMESTAMP)
    THEN 'provisional'
    ELSE 'normal'
  END AS "n__status",
  CASE
    WHEN "n" IS NULL
    THEN 'no_data'
    WHEN "ts" + INTERVAL '1' DAY > CAST($i6 AS TIMESTAMP)
    THEN 'open_period'
  END AS "n__reason"
FROM "told"
WHERE
  "ts" >= CAST($i7 AS TIMESTAMP)
