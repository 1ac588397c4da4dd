"""Tables and queries of routing. Times are INTEGER microseconds; SQL that SQLite and PostgreSQL share."""
