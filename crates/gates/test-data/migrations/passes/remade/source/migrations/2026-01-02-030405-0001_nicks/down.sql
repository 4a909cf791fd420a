DROP VIEW names;
CREATE TABLE old_users (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO old_users SELECT id, name FROM users;
DROP TABLE users;
ALTER TABLE old_users RENAME TO users;
CREATE VIEW names AS SELECT name FROM users;
