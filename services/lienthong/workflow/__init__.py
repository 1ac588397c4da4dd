"""Workflow: what becomes of a document at each recipient."""
