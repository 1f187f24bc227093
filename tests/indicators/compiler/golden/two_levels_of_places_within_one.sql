-- $i0: 2026-03-01
-- $i1: 2026-03-08
-- $i10: 2026-03-01 00:00:00
-- $i11: 2026-03-07 00:00:00
-- $i12: 2027-01-01 08:00:00
-- $i13: 2026-03-01 00:00:00
-- $i2: 2026-03-01 00:00:00
-- $i3: 2026-03-01 00:00:00
-- $i4: 2026-03-07 00:00:00
-- $i5: 2027-01-01 08:00:00
-- $i6: 2026-03-01 00:00:00
-- $i7: 2026-03-01
-- $i8: 2026-03-08
-- $i9: 2026-03-01 00:00:00
SELECT
  *
FROM (
  WITH "facts0" AS (
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
      (
        "r"."opened_on" >= $i0 AND "r"."opened_on" < $i1
      )
      AND (
        "r"."place_code" BETWEEN 500106000000000 AND 500106999999999
      )
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
      WHEN "ts" + INTERVAL '1' DAY > CAST($i5 AS TIMESTAMP)
      THEN 'provisional'
      ELSE 'normal'
    END AS "n__status",
    CASE
      WHEN "n" IS NULL
      THEN 'no_data'
      WHEN "ts" + INTERVAL '1' DAY > CAST($i5 AS TIMESTAMP)
      THEN 'open_period'
    END AS "n__reason"
  FROM "told"
  WHERE
    "ts" >= CAST($i6 AS TIMESTAMP) AND "place" IN (500106000000000)
) AS "l0"
UNION ALL
SELECT
  *
FROM (
  WITH "facts0" AS (
    SELECT
      CASE
        WHEN "r"."place_code" % 1000000000 = 0
        THEN NULL
        ELSE "r"."place_code" - "r"."place_code" % 1000000
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
      (
        "r"."opened_on" >= $i7 AND "r"."opened_on" < $i8
      )
      AND (
        "r"."place_code" BETWEEN 500106000000000 AND 500106999999999
      )
    GROUP BY
      1,
      2
  ), "places" AS (
    SELECT
      "place"
    FROM (VALUES
      (500106001000000)) AS "listed"("place")
  ), "periods" AS (
    SELECT
      "ts"
    FROM UNNEST(GENERATE_SERIES(CAST($i10 AS TIMESTAMP), CAST($i11 AS TIMESTAMP), INTERVAL '1' DAY)) AS "series"("ts")
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
        "f"."ts" >= CAST($i9 AS TIMESTAMP)
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
    'township' AS "level",
    "place" AS "place",
    "ts" AS "start",
    "ts" + INTERVAL '1' DAY AS "end",
    "n",
    "n__numerator",
    "n__denominator",
    CASE
      WHEN "n" IS NULL
      THEN 'missing'
      WHEN "ts" + INTERVAL '1' DAY > CAST($i12 AS TIMESTAMP)
      THEN 'provisional'
      ELSE 'normal'
    END AS "n__status",
    CASE
      WHEN "n" IS NULL
      THEN 'no_data'
      WHEN "ts" + INTERVAL '1' DAY > CAST($i12 AS TIMESTAMP)
      THEN 'open_period'
    END AS "n__reason"
  FROM "told"
  WHERE
    "ts" >= CAST($i13 AS TIMESTAMP) AND "place" IN (500106001000000)
) AS "l1"
