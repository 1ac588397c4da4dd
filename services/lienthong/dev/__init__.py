"""Engines on this machine, for developers and tests: real servers, started from packages, on loopback."""
