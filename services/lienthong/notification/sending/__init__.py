"""Sending: what is due is claimed, handed over, and how it ended is written down, channel by channel."""
