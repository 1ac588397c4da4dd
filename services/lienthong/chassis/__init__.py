"""What every service stands on: engines, events, calls, identity, and what is seen from outside."""
