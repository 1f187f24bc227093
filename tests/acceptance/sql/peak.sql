-- The forecast that the bureau issued last for a station.
SELECT
  s.STNM,
  s.RVNM,
  CAST(f.PKZ AS DECIMAL(9, 3)),
  CAST(f.PKTM || '+08:00' AS TIMESTAMPTZ),
  CAST(f.FTM || '+08:00' AS TIMESTAMPTZ)
FROM flood_peak_forecast AS f JOIN river_station AS s ON s.STCD = f.STCD
WHERE s.STNM = $station
ORDER BY f.FTM DESC
LIMIT 1
