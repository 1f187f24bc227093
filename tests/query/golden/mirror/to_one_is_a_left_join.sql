SELECT CAST(concat('[', group_concat(concat('{"station":', CASE WHEN ("r2"."code" IS NULL) THEN 'null' ELSE concat('{"name":', json_quote("r2"."name"), '}') END, '}')), ']') AS BLOB), count(*), (SELECT seq
FROM "$publication"
WHERE data_set = 'reading' AND state = 'ready' AND shape = 'shape of reading'), (SELECT seq
FROM "$publication"
WHERE data_set = 'station' AND state = 'ready' AND shape = 'shape of station')
FROM (SELECT "r1"."station_code" AS "station_code"
FROM "reading" AS "r1"
WHERE (("r1"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r1"."place_code" BETWEEN 500106017000000 AND 500106999999999))
ORDER BY "r1"."station_code", "r1"."observed_at"
LIMIT 100) AS "r1"
LEFT JOIN "station" AS "r2" ON ("r1"."station_code" = "r2"."code")
