SELECT CAST(concat('[', group_concat(concat('{"level":', json_quote(CASE WHEN "r1"."level_m" IS NOT NULL THEN printf('%s%s.%03d', CASE WHEN "r1"."level_m" < 0 THEN '-' ELSE '' END, abs("r1"."level_m") / 1000, abs("r1"."level_m") % 1000) END), '}')), ']') AS BLOB), count(*), (SELECT seq
FROM "$publication"
WHERE data_set = 'reading' AND state = 'ready' AND shape = 'shape of reading')
FROM (SELECT "r1"."level_m" AS "level_m"
FROM (SELECT row_number() OVER (PARTITION BY "r1"."place_code"
ORDER BY "r1"."level_m" DESC, "r1"."station_code", "r1"."observed_at") AS "$number", "r1"."place_code" AS "place_code", "r1"."level_m" AS "level_m", "r1"."station_code" AS "station_code", "r1"."observed_at" AS "observed_at", "r1"."observed_at$text" AS "observed_at$text"
FROM "reading" AS "r1"
WHERE (("r1"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r1"."place_code" BETWEEN 500106017000000 AND 500106999999999))) AS "r1"
WHERE "r1"."$number" = 1
ORDER BY "r1"."place_code" NULLS LAST, "r1"."level_m" DESC, "r1"."station_code", "r1"."observed_at"
LIMIT 100) AS "r1"
