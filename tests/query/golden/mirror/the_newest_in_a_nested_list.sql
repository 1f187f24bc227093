SELECT CAST(concat('[', group_concat(concat('{"latest":', (SELECT concat('[', group_concat(concat('{"level":', json_quote(CASE WHEN "r2"."level_m" IS NOT NULL THEN printf('%s%s.%03d', CASE WHEN "r2"."level_m" < 0 THEN '-' ELSE '' END, abs("r2"."level_m") / 1000, abs("r2"."level_m") % 1000) END), '}')), ']')
FROM (SELECT "r2"."level_m" AS "level_m"
FROM (SELECT row_number() OVER (PARTITION BY "r2"."place_code"
ORDER BY "r2"."observed_at" DESC, "r2"."station_code") AS "$number", "r2"."station_code" AS "station_code", "r2"."observed_at" AS "observed_at", "r2"."observed_at$text" AS "observed_at$text", "r2"."level_m" AS "level_m"
FROM "reading" AS "r2"
WHERE (("r2"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r2"."place_code" BETWEEN 500106017000000 AND 500106999999999)) AND (EXISTS(SELECT 1
FROM "station" AS "r3"
WHERE (("r2"."station_code" = "r3"."code") AND ("r3"."name" <> ?1))) AND ("r1"."code" = "r2"."station_code"))) AS "r2"
WHERE "r2"."$number" = 1
ORDER BY "r2"."station_code", "r2"."observed_at"
LIMIT 1000000) AS "r2"), '}')), ']') AS BLOB), count(*), (SELECT seq
FROM "$publication"
WHERE data_set = 'reading' AND state = 'ready' AND shape = 'shape of reading'), (SELECT seq
FROM "$publication"
WHERE data_set = 'station' AND state = 'ready' AND shape = 'shape of station')
FROM (SELECT "r1"."code" AS "code"
FROM "station" AS "r1"
ORDER BY "r1"."code"
LIMIT 100) AS "r1"
