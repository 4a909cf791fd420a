CREATE TABLE {{ index .Options "Namespace" }}.users (id bigint PRIMARY KEY, name text NOT NULL);
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'level' AND typnamespace = '{{ index .Options "Namespace" }}') THEN
    CREATE TYPE {{ index .Options "Namespace" }}.level AS ENUM ('one', 'two');
  END IF;
END
$$;
