"""PostgreSQL as the engine of the database contract: a schema and two roles for each service."""
