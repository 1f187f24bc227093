-- The two questions that PostGraphile does not ask of tables by itself, as functions it serves. Counting
-- each month of each district in the covering index took a third of the time that GROUP BY took.
CREATE TYPE closure_rate AS (district int, month timestamptz, events int, closed int);
CREATE FUNCTION closure_rates(until timestamptz) RETURNS SETOF closure_rate
LANGUAGE sql STABLE PARALLEL SAFE ROWS 800 AS $$
  SELECT d.code, m.month, e.events, e.closed
  FROM district d
  CROSS JOIN generate_series(
    (SELECT date_trunc('month', min(reported_at), 'Asia/Shanghai') FROM event), until, interval '1 month'
  ) AS m(month)
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS events, count(closed_at)::int AS closed FROM event
    WHERE district = d.code AND reported_at >= m.month
      AND reported_at < least(m.month + interval '1 month', until)
  ) e
  WHERE e.events > 0 ORDER BY d.code, m.month
$$;
CREATE TYPE latest_reading AS (device_id int, ts timestamptz, value float8);
CREATE FUNCTION latest_readings(devices int[]) RETURNS SETOF latest_reading
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 AS $$
  SELECT r.device_id, r.ts, r.value FROM unnest(devices) AS d(id)
  CROSS JOIN LATERAL (SELECT * FROM device_reading WHERE device_id = d.id ORDER BY ts DESC LIMIT 1) r
  ORDER BY r.device_id
$$;
