"""Engines behind contracts: event log, database, blob store, keys. Each contract has one test suite for all engines."""
