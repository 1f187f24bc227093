SELECT CAST(concat('[', group_concat(concat('{"level":', json_quote(CASE WHEN "r1"."level_m" IS NOT NULL THEN printf('%s%s.%03d', CASE WHEN "r1"."level_m" < 0 THEN '-' ELSE '' END, abs("r1"."level_m") / 1000, abs("r1"."level_m") % 1000) END), '}')), ']') AS BLOB), count(*), (SELECT seq
FROM "$publication"
WHERE data_set = 'reading' AND state = 'ready' AND shape = 'shape of reading')
FROM (SELECT "r1"."level_m" AS "level_m"
FROM "reading" AS "r1"
WHERE (("r1"."place_code" BETWEEN 500106000000000 AND 500106015999999) OR ("r1"."place_code" BETWEEN 500106017000000 AND 500106999999999)) AND (("r1"."level_m" BETWEEN ?1 AND ?2) AND (("r1"."station_code" = ?3) OR (instr("r1"."station_code", ?4) > 0)) AND (NOT ("r1"."station_code" IN (?5, ?6))) AND (NOT ("r1"."level_m" IS NULL)) AND (("r1"."place_code" BETWEEN 500106016000000 AND 500106016999999) OR ("r1"."place_code" BETWEEN 500172000000000 AND 500172999999999)) AND ("r1"."observed_at" >= ?7))
ORDER BY "r1"."station_code", "r1"."observed_at"
LIMIT 100) AS "r1"
