SELECT (SELECT CAST(concat('{"level":', json_quote(CASE WHEN "r1"."level_m" IS NOT NULL THEN printf('%s%s.%03d', CASE WHEN "r1"."level_m" < 0 THEN '-' ELSE '' END, abs("r1"."level_m") / 1000, abs("r1"."level_m") % 1000) END), '}') AS BLOB)
FROM (SELECT "r1"."level_m" AS "level_m"
FROM "reading" AS "r1"
WHERE (("r1"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r1"."place_code" BETWEEN 500106017000000 AND 500106999999999)) AND (("r1"."station_code" = ?1) AND ("r1"."observed_at" = ?2))
ORDER BY "r1"."station_code", "r1"."observed_at"
LIMIT 1) AS "r1"), 1, (SELECT seq
FROM "$publication"
WHERE data_set = 'reading' AND state = 'ready' AND shape = 'shape of reading')
