-- What each question of the bench likes best: covering, partial and descending indexes.
ALTER TABLE district ADD PRIMARY KEY (code);
ALTER TABLE device ADD PRIMARY KEY (id);
ALTER TABLE event ADD PRIMARY KEY (id);
CREATE INDEX event_page ON event (district, status, reported_at DESC);
CREATE INDEX event_newest ON event (reported_at DESC);
CREATE INDEX event_open ON event (district, reported_at DESC) WHERE closed_at IS NULL;
CREATE INDEX event_closure ON event (district, reported_at) INCLUDE (closed_at);
ALTER TABLE event ADD CONSTRAINT events FOREIGN KEY (district) REFERENCES district NOT VALID;
CREATE UNIQUE INDEX reading_latest ON device_reading (device_id, ts DESC) INCLUDE (value);
ALTER TABLE device_reading ADD CONSTRAINT readings FOREIGN KEY (device_id) REFERENCES device NOT VALID;
VACUUM (ANALYZE);
