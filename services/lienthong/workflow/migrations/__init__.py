"""Schema versions of this service."""
