"""Benchmarks: what a document costs, how fast and how large the platform is. Run with `make bench`."""
