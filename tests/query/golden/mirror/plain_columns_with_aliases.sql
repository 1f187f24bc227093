SELECT CAST(concat('[', group_concat(concat('{"at":', json_quote(coalesce("r1"."observed_at$text", strftime('%Y-%m-%dT%H:%M:%S', "r1"."observed_at" / 1000000 + 28800, 'unixepoch') || '+08:00')), ',"p":', json_quote(CASE WHEN "r1"."place_code" % 1000000000 = 0 THEN CASE WHEN "r1"."place_code" BETWEEN 100000000000000 AND 999999999999999 THEN CAST("r1"."place_code" / 1000000000 AS TEXT) ELSE substr(CAST("r1"."place_code" AS TEXT), 1, 6) END WHEN "r1"."place_code" % 1000000 = 0 THEN CASE WHEN "r1"."place_code" BETWEEN 100000000000000 AND 999999999999999 THEN CAST("r1"."place_code" / 1000000 AS TEXT) ELSE substr(CAST("r1"."place_code" AS TEXT), 1, 9) END WHEN "r1"."place_code" % 1000 = 0 THEN CASE WHEN "r1"."place_code" BETWEEN 100000000000000 AND 999999999999999 THEN CAST("r1"."place_code" / 1000 AS TEXT) ELSE substr(CAST("r1"."place_code" AS TEXT), 1, 12) END ELSE CAST("r1"."place_code" AS TEXT) END), ',"__typename":', json_quote('T'), '}')), ']') AS BLOB), count(*), (SELECT seq
FROM "$publication"
WHERE data_set = 'reading' AND state = 'ready' AND shape = 'shape of reading')
FROM (SELECT "r1"."observed_at" AS "observed_at", "r1"."observed_at$text" AS "observed_at$text", "r1"."place_code" AS "place_code"
FROM "reading" AS "r1"
WHERE (("r1"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r1"."place_code" BETWEEN 500106017000000 AND 500106999999999))
ORDER BY "r1"."station_code", "r1"."observed_at"
LIMIT 100) AS "r1"
