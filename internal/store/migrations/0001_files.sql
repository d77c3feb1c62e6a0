-- Which record uses which file; a file that nobody uses is swept after a day.
CREATE TABLE file_use (digest TEXT NOT NULL, subject TEXT NOT NULL, size BIGINT NOT NULL, PRIMARY KEY (digest, subject));
CREATE INDEX file_use_subject ON file_use (subject);
