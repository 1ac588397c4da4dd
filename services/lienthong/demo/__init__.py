"""The founding story, played for whoever wants to see it."""
