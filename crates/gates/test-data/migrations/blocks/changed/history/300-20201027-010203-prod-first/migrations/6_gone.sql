-- migrate:up
CREATE TABLE gone (id bigint PRIMARY KEY);
-- migrate:down
DROP TABLE gone;
