-- +goose Up
CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT NOT NULL);
CREATE TRIGGER log_insert AFTER INSERT ON log
BEGIN
  UPDATE log SET what = upper(NEW.what) WHERE id = NEW.id;
  DELETE FROM log WHERE id < NEW.id - 1000;
END;
-- +goose Down
DROP TABLE log;
