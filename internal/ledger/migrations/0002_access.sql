-- Who read what: by person, and by time.
CREATE INDEX access_log_actor ON access_log (actor, n);
CREATE INDEX access_log_object ON access_log (object, n);
CREATE INDEX access_log_at ON access_log (at);
