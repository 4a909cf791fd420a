DROP TABLE {{ index .Options "Namespace" }}.users;
DROP TYPE {{ index .Options "Namespace" }}.level;
