"""What workflow does: plain functions on a unit of work; the same ones serve calls and events."""
