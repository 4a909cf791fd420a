DROP VIEW names;
CREATE TABLE new_users (id INTEGER NOT NULL PRIMARY KEY, name TEXT, nick TEXT);
INSERT INTO new_users (id, name) SELECT id, name FROM users;
DROP TABLE users;
ALTER TABLE new_users RENAME TO users;
CREATE VIEW names AS SELECT name, nick FROM users;
