"""Verification of signed files: what was found (data), what it means (words), and where the work is done (pool)."""
