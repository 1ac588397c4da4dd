"""What routing does: plain functions that take a unit of work, the desk and a command."""
