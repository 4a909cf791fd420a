-- migrate:up
CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY);
-- migrate:down
DROP TABLE orders;
