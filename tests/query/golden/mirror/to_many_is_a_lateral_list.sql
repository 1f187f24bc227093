SELECT CAST(concat('[', group_concat(concat('{"name":', json_quote("r1"."name"), ',"latest":', (SELECT concat('[', group_concat(concat('{"level":', json_quote(CASE WHEN "r2"."level_m" IS NOT NULL THEN printf('%s%s.%03d', CASE WHEN "r2"."level_m" < 0 THEN '-' ELSE '' END, abs("r2"."level_m") / 1000, abs("r2"."level_m") % 1000) END), '}')), ']')
FROM (SELECT "r2"."level_m" AS "level_m"
FROM "reading" AS "r2"
WHERE (("r2"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r2"."place_code" BETWEEN 500106017000000 AND 500106999999999)) AND (("r2"."level_m" > ?1) AND ("r1"."code" = "r2"."station_code"))
ORDER BY "r2"."observed_at" DESC, "r2"."station_code"
LIMIT 2) AS "r2"), '}')), ']') AS BLOB), count(*), (SELECT seq
FROM "$publication"
WHERE data_set = 'reading' AND state = 'ready' AND shape = 'shape of reading'), (SELECT seq
FROM "$publication"
WHERE data_set = 'station' AND state = 'ready' AND shape = 'shape of station')
FROM (SELECT "r1"."name" AS "name", "r1"."code" AS "code"
FROM "station" AS "r1"
ORDER BY "r1"."code"
LIMIT 100) AS "r1"
