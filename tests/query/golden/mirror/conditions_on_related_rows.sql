SELECT CAST(concat('[', group_concat(concat('{"name":', json_quote("r1"."name"), '}')), ']') AS BLOB), count(*), (SELECT seq
FROM "$publication"
WHERE data_set = 'reading' AND state = 'ready' AND shape = 'shape of reading'), (SELECT seq
FROM "$publication"
WHERE data_set = 'station' AND state = 'ready' AND shape = 'shape of station')
FROM (SELECT "r1"."name" AS "name"
FROM "station" AS "r1"
WHERE (EXISTS(SELECT 1
FROM "reading" AS "r2"
WHERE (("r2"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r2"."place_code" BETWEEN 500106017000000 AND 500106999999999)) AND (("r1"."code" = "r2"."station_code") AND ("r2"."level_m" > ?1))) AND ((NOT EXISTS(SELECT 1
FROM "reading" AS "r3"
WHERE (("r3"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r3"."place_code" BETWEEN 500106017000000 AND 500106999999999)) AND (("r1"."code" = "r3"."station_code") AND (NOT coalesce(("r3"."level_m" < ?2), 0))))) OR (NOT EXISTS(SELECT 1
FROM "reading" AS "r4"
WHERE (("r4"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r4"."place_code" BETWEEN 500106017000000 AND 500106999999999)) AND ("r1"."code" = "r4"."station_code"))) OR ("r1"."code" = ?3)) AND EXISTS(SELECT 1
FROM "reading" AS "r5"
WHERE (("r5"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r5"."place_code" BETWEEN 500106017000000 AND 500106999999999)) AND (("r1"."code" = "r5"."station_code") AND (NOT EXISTS(SELECT 1
FROM "station" AS "r6"
WHERE (("r5"."station_code" = "r6"."code") AND ("r6"."name" = ?4)))))))
ORDER BY "r1"."code"
LIMIT 100) AS "r1"
