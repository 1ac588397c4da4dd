"""Notification: who must know, and how they are told."""
