"""What notification does: keeps subscriptions, tells of events, lists and marks notices."""
