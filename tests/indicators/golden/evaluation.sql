WITH "chosen" AS (
  SELECT
    "o"."indicator",
    "o"."place",
    MIN("s"."variant") AS "variant"
  FROM (
    SELECT
      "indicator",
      "place",
      (
        MONTH(MAKE_TIMESTAMP(EPOCH_US("observed_at") + 28799999999)) * 100
      ) + DAY(MAKE_TIMESTAMP(EPOCH_US("observed_at") + 28799999999)) AS "day",
      (
        (
          EPOCH_US("observed_at") + 28799999999
        ) // 1000000
      ) % 86400 AS "second"
    FROM "observations"
  ) AS "o"
  JOIN "scopes" AS s
    ON "s"."indicator" = "o"."indicator"
    AND "o"."place" BETWEEN "s"."low" AND "s"."high"
    AND CASE
      WHEN "s"."first_day" > "s"."last_day"
      THEN (
        "o"."day" >= "s"."first_day" OR "o"."day" <= "s"."last_day"
      )
      ELSE "o"."day" >= "s"."first_day" AND "o"."day" <= "s"."last_day"
    END
    AND CASE
      WHEN "s"."first_second" > "s"."last_second"
      THEN (
        "o"."second" >= "s"."first_second" OR "o"."second" <= "s"."last_second"
      )
      ELSE "o"."second" >= "s"."first_second" AND "o"."second" <= "s"."last_second"
    END
  GROUP BY
    "o"."indicator",
    "o"."place"
), "judged" AS (
  SELECT
    "o"."indicator",
    "o"."place",
    EPOCH_US("o"."observed_at") AS "observed_at",
    CASE WHEN ISFINITE("o"."value") THEN "o"."value" END AS "value",
    "r"."no_data",
    "r"."no_data_rank",
    "r"."no_data_periods",
    "r"."enter_below_1",
    "r"."enter_above_1",
    "r"."exit_below_1",
    "r"."exit_above_1",
    "r"."for_periods_1",
    "r"."keep_periods_1",
    "r"."enter_below_2",
    "r"."enter_above_2",
    "r"."exit_below_2",
    "r"."exit_above_2",
    "r"."for_periods_2",
    "r"."keep_periods_2",
    "r"."enter_below_3",
    "r"."enter_above_3",
    "r"."exit_below_3",
    "r"."exit_above_3",
    "r"."for_periods_3",
    "r"."keep_periods_3",
    "r"."enter_below_4",
    "r"."enter_above_4",
    "r"."exit_below_4",
    "r"."exit_above_4",
    "r"."for_periods_4",
    "r"."keep_periods_4",
    "s"."silent",
    COALESCE("s"."phase_1", 0) AS "phase_1",
    "s"."since_1",
    "s"."periods_1",
    COALESCE("s"."phase_2", 0) AS "phase_2",
    "s"."since_2",
    "s"."periods_2",
    COALESCE("s"."phase_3", 0) AS "phase_3",
    "s"."since_3",
    "s"."periods_3",
    COALESCE("s"."phase_4", 0) AS "phase_4",
    "s"."since_4",
    "s"."periods_4"
  FROM "observations" AS o
  LEFT JOIN "chosen" AS c
    ON "c"."indicator" = "o"."indicator" AND "c"."place" = "o"."place"
  JOIN "rules" AS r
    ON "r"."indicator" = "o"."indicator" AND "r"."variant" = COALESCE("c"."variant", 0)
  LEFT JOIN "states" AS s
    ON "s"."indicator" = "o"."indicator" AND "s"."place" = "o"."place"
  WHERE
    (
      "s"."observed_at" IS NULL OR EPOCH_US("o"."observed_at") > "s"."observed_at"
    )
), "met" AS (
  SELECT
    *,
    CASE
      WHEN "for_periods_1" IS NULL
      THEN NULL
      WHEN "value" IS NULL
      THEN CASE
        WHEN CASE WHEN "value" IS NULL THEN COALESCE("silent", 0) + 1 ELSE 0 END >= "no_data_periods"
        AND "no_data" = 1
        THEN FALSE
        ELSE (
          (
            CASE WHEN "value" IS NULL THEN COALESCE("silent", 0) + 1 ELSE 0 END >= "no_data_periods"
            AND "no_data" = 2
            AND "no_data_rank" >= 1
          )
          OR "phase_1" IN (1, 2)
        )
      END
      WHEN "phase_1" = 2
      THEN (
        COALESCE("value" > "exit_above_1", FALSE)
        OR COALESCE("value" < "exit_below_1", FALSE)
      )
      ELSE (
        COALESCE("value" > "enter_above_1", FALSE)
        OR COALESCE("value" < "enter_below_1", FALSE)
      )
    END AS "met_1",
    CASE
      WHEN "for_periods_2" IS NULL
      THEN NULL
      WHEN "value" IS NULL
      THEN CASE
        WHEN CASE WHEN "value" IS NULL THEN COALESCE("silent", 0) + 1 ELSE 0 END >= "no_data_periods"
        AND "no_data" = 1
        THEN FALSE
        ELSE (
          (
            CASE WHEN "value" IS NULL THEN COALESCE("silent", 0) + 1 ELSE 0 END >= "no_data_periods"
            AND "no_data" = 2
            AND "no_data_rank" >= 2
          )
          OR "phase_2" IN (1, 2)
        )
      END
      WHEN "phase_2" = 2
      THEN (
        COALESCE("value" > "exit_above_2", FALSE)
        OR COALESCE("value" < "exit_below_2", FALSE)
      )
      ELSE (
        COALESCE("value" > "enter_above_2", FALSE)
        OR COALESCE("value" < "enter_below_2", FALSE)
      )
    END AS "met_2",
    CASE
      WHEN "for_periods_3" IS NULL
      THEN NULL
      WHEN "value" IS NULL
      THEN CASE
        WHEN CASE WHEN "value" IS NULL THEN COALESCE("silent", 0) + 1 ELSE 0 END >= "no_data_periods"
        AND "no_data" = 1
        THEN FALSE
        ELSE (
          (
            CASE WHEN "value" IS NULL THEN COALESCE("silent", 0) + 1 ELSE 0 END >= "no_data_periods"
            AND "no_data" = 2
            AND "no_data_rank" >= 3
          )
          OR "phase_3" IN (1, 2)
        )
      END
      WHEN "phase_3" = 2
      THEN (
        COALESCE("value" > "exit_above_3", FALSE)
        OR COALESCE("value" < "exit_below_3", FALSE)
      )
      ELSE (
        COALESCE("value" > "enter_above_3", FALSE)
        OR COALESCE("value" < "enter_below_3", FALSE)
      )
    END AS "met_3",
    CASE
      WHEN "for_periods_4" IS NULL
      THEN NULL
      WHEN "value" IS NULL
      THEN CASE
        WHEN CASE WHEN "value" IS NULL THEN COALESCE("silent", 0) + 1 ELSE 0 END >= "no_data_periods"
        AND "no_data" = 1
        THEN FALSE
        ELSE (
          (
            CASE WHEN "value" IS NULL THEN COALESCE("silent", 0) + 1 ELSE 0 END >= "no_data_periods"
            AND "no_data" = 2
            AND "no_data_rank" >= 4
          )
          OR "phase_4" IN (1, 2)
        )
      END
      WHEN "phase_4" = 2
      THEN (
        COALESCE("value" > "exit_above_4", FALSE)
        OR COALESCE("value" < "exit_below_4", FALSE)
      )
      ELSE (
        COALESCE("value" > "enter_above_4", FALSE)
        OR COALESCE("value" < "enter_below_4", FALSE)
      )
    END AS "met_4"
  FROM "judged"
), "counted" AS (
  SELECT
    *,
    CASE
      WHEN "met_1" AND "phase_1" = 1
      THEN "periods_1" + 1
      WHEN "met_1"
      THEN 1
      WHEN "phase_1" = 3
      THEN "periods_1" + 1
      ELSE 0
    END AS "next_periods_1",
    CASE
      WHEN "met_2" AND "phase_2" = 1
      THEN "periods_2" + 1
      WHEN "met_2"
      THEN 1
      WHEN "phase_2" = 3
      THEN "periods_2" + 1
      ELSE 0
    END AS "next_periods_2",
    CASE
      WHEN "met_3" AND "phase_3" = 1
      THEN "periods_3" + 1
      WHEN "met_3"
      THEN 1
      WHEN "phase_3" = 3
      THEN "periods_3" + 1
      ELSE 0
    END AS "next_periods_3",
    CASE
      WHEN "met_4" AND "phase_4" = 1
      THEN "periods_4" + 1
      WHEN "met_4"
      THEN 1
      WHEN "phase_4" = 3
      THEN "periods_4" + 1
      ELSE 0
    END AS "next_periods_4"
  FROM "met"
), "rung_4" AS (
  SELECT
    *,
    CASE
      WHEN "met_4" IS NULL
      THEN 0
      WHEN "met_4" AND (
        "next_periods_4" >= "for_periods_4" OR FALSE
      )
      THEN 2
      WHEN "met_4"
      THEN CASE WHEN "phase_4" IN (0, 1, 4) THEN 1 ELSE 2 END
      WHEN (
        "next_periods_4" < "keep_periods_4" OR FALSE
      )
      THEN CASE WHEN "phase_4" IN (0, 1, 4) THEN 0 ELSE 3 END
      ELSE CASE WHEN "phase_4" IN (0, 1, 4) THEN 0 ELSE 4 END
    END AS "next_phase_4"
  FROM "counted"
), "rung_3" AS (
  SELECT
    *,
    CASE
      WHEN "met_3" IS NULL
      THEN 0
      WHEN "met_3"
      AND (
        "next_periods_3" >= "for_periods_3"
        OR CASE WHEN NOT "met_4" IS NULL THEN "next_phase_4" = 2 ELSE FALSE END
      )
      THEN 2
      WHEN "met_3"
      THEN CASE WHEN "phase_3" IN (0, 1, 4) THEN 1 ELSE 2 END
      WHEN (
        "next_periods_3" < "keep_periods_3"
        OR CASE WHEN NOT "met_4" IS NULL THEN "next_phase_4" IN (2, 3) ELSE FALSE END
      )
      THEN CASE WHEN "phase_3" IN (0, 1, 4) THEN 0 ELSE 3 END
      ELSE CASE WHEN "phase_3" IN (0, 1, 4) THEN 0 ELSE 4 END
    END AS "next_phase_3"
  FROM "rung_4"
), "rung_2" AS (
  SELECT
    *,
    CASE
      WHEN "met_2" IS NULL
      THEN 0
      WHEN "met_2"
      AND (
        "next_periods_2" >= "for_periods_2"
        OR CASE
          WHEN NOT "met_3" IS NULL
          THEN "next_phase_3" = 2
          WHEN NOT "met_4" IS NULL
          THEN "next_phase_4" = 2
          ELSE FALSE
        END
      )
      THEN 2
      WHEN "met_2"
      THEN CASE WHEN "phase_2" IN (0, 1, 4) THEN 1 ELSE 2 END
      WHEN (
        "next_periods_2" < "keep_periods_2"
        OR CASE
          WHEN NOT "met_3" IS NULL
          THEN "next_phase_3" IN (2, 3)
          WHEN NOT "met_4" IS NULL
          THEN "next_phase_4" IN (2, 3)
          ELSE FALSE
        END
      )
      THEN CASE WHEN "phase_2" IN (0, 1, 4) THEN 0 ELSE 3 END
      ELSE CASE WHEN "phase_2" IN (0, 1, 4) THEN 0 ELSE 4 END
    END AS "next_phase_2"
  FROM "rung_3"
), "rung_1" AS (
  SELECT
    *,
    CASE
      WHEN "met_1" IS NULL
      THEN 0
      WHEN "met_1"
      AND (
        "next_periods_1" >= "for_periods_1"
        OR CASE
          WHEN NOT "met_2" IS NULL
          THEN "next_phase_2" = 2
          WHEN NOT "met_3" IS NULL
          THEN "next_phase_3" = 2
          WHEN NOT "met_4" IS NULL
          THEN "next_phase_4" = 2
          ELSE FALSE
        END
      )
      THEN 2
      WHEN "met_1"
      THEN CASE WHEN "phase_1" IN (0, 1, 4) THEN 1 ELSE 2 END
      WHEN (
        "next_periods_1" < "keep_periods_1"
        OR CASE
          WHEN NOT "met_2" IS NULL
          THEN "next_phase_2" IN (2, 3)
          WHEN NOT "met_3" IS NULL
          THEN "next_phase_3" IN (2, 3)
          WHEN NOT "met_4" IS NULL
          THEN "next_phase_4" IN (2, 3)
          ELSE FALSE
        END
      )
      THEN CASE WHEN "phase_1" IN (0, 1, 4) THEN 0 ELSE 3 END
      ELSE CASE WHEN "phase_1" IN (0, 1, 4) THEN 0 ELSE 4 END
    END AS "next_phase_1"
  FROM "rung_2"
), "summed" AS (
  SELECT
    *,
    CASE
      WHEN "phase_4" IN (2, 3)
      THEN 4
      WHEN "phase_3" IN (2, 3)
      THEN 3
      WHEN "phase_2" IN (2, 3)
      THEN 2
      WHEN "phase_1" IN (2, 3)
      THEN 1
      ELSE 0
    END AS "rank_before",
    CASE
      WHEN "next_phase_4" IN (2, 3)
      THEN 4
      WHEN "next_phase_3" IN (2, 3)
      THEN 3
      WHEN "next_phase_2" IN (2, 3)
      THEN 2
      WHEN "next_phase_1" IN (2, 3)
      THEN 1
      ELSE 0
    END AS "rank_after",
    CASE
      WHEN "phase_4" IN (2, 3)
      THEN "phase_4"
      WHEN "phase_3" IN (2, 3)
      THEN "phase_3"
      WHEN "phase_2" IN (2, 3)
      THEN "phase_2"
      WHEN "phase_1" IN (2, 3)
      THEN "phase_1"
      WHEN (
        "phase_1" = 1 OR "phase_2" = 1 OR "phase_3" = 1 OR "phase_4" = 1
      )
      THEN 1
      WHEN (
        "phase_1" = 4 OR "phase_2" = 4 OR "phase_3" = 4 OR "phase_4" = 4
      )
      THEN 4
      ELSE 0
    END AS "phase_before",
    CASE
      WHEN "next_phase_4" IN (2, 3)
      THEN "next_phase_4"
      WHEN "next_phase_3" IN (2, 3)
      THEN "next_phase_3"
      WHEN "next_phase_2" IN (2, 3)
      THEN "next_phase_2"
      WHEN "next_phase_1" IN (2, 3)
      THEN "next_phase_1"
      WHEN (
        "next_phase_1" = 1
        OR "next_phase_2" = 1
        OR "next_phase_3" = 1
        OR "next_phase_4" = 1
      )
      THEN 1
      WHEN (
        "next_phase_1" = 4
        OR "next_phase_2" = 4
        OR "next_phase_3" = 4
        OR "next_phase_4" = 4
      )
      THEN 4
      ELSE 0
    END AS "phase_after"
  FROM "rung_1"
)
SELECT
  "indicator",
  "place",
  "observed_at",
  "value",
  CASE WHEN "value" IS NULL THEN COALESCE("silent", 0) + 1 ELSE 0 END AS "silent",
  "next_phase_1" AS "phase_1",
  CASE WHEN "next_phase_1" IN (1, 2, 3) THEN COALESCE("since_1", "observed_at") END AS "since_1",
  CASE WHEN "next_phase_1" IN (1, 3) THEN "next_periods_1" ELSE 0 END AS "periods_1",
  "next_phase_2" AS "phase_2",
  CASE WHEN "next_phase_2" IN (1, 2, 3) THEN COALESCE("since_2", "observed_at") END AS "since_2",
  CASE WHEN "next_phase_2" IN (1, 3) THEN "next_periods_2" ELSE 0 END AS "periods_2",
  "next_phase_3" AS "phase_3",
  CASE WHEN "next_phase_3" IN (1, 2, 3) THEN COALESCE("since_3", "observed_at") END AS "since_3",
  CASE WHEN "next_phase_3" IN (1, 3) THEN "next_periods_3" ELSE 0 END AS "periods_3",
  "next_phase_4" AS "phase_4",
  CASE WHEN "next_phase_4" IN (1, 2, 3) THEN COALESCE("since_4", "observed_at") END AS "since_4",
  CASE WHEN "next_phase_4" IN (1, 3) THEN "next_periods_4" ELSE 0 END AS "periods_4",
  "rank_before",
  "rank_after",
  "phase_after" AS "phase",
  CASE
    WHEN "rank_before" = 0 AND "rank_after" > 0
    THEN 2
    WHEN "rank_before" > 0 AND "rank_after" = 0
    THEN 7
    WHEN "rank_after" > "rank_before"
    THEN 3
    WHEN "rank_after" < "rank_before"
    THEN 4
    WHEN "phase_before" = "phase_after"
    THEN NULL
    WHEN "phase_after" = 1
    THEN 0
    WHEN "phase_after" = 3
    THEN 5
    WHEN "phase_after" = 2
    THEN 6
    WHEN "phase_before" = 1
    THEN 1
  END AS "change"
FROM "summed"
