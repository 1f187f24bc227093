-- The bench's data sets as a good engineer lays them out for PostgreSQL: narrow types, no padding.
CREATE TABLE district (code int NOT NULL, name text NOT NULL, grids int NOT NULL);
CREATE TABLE device (
  id int NOT NULL, code text NOT NULL, kind text NOT NULL, district int NOT NULL, township int NOT NULL,
  longitude float8, latitude float8
);
CREATE TABLE event (
  id bigint NOT NULL, reported_at timestamptz NOT NULL, closed_at timestamptz, longitude float8,
  latitude float8, level int NOT NULL, district int NOT NULL, township int NOT NULL, type text NOT NULL,
  grid text, status text NOT NULL, source text, title text
);
CREATE TABLE device_reading (ts timestamptz NOT NULL, value float8, device_id int NOT NULL);
