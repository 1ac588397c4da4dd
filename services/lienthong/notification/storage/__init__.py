"""Where notification keeps its copies, subscriptions, notices, attempts and circuits."""
