"""Events: how a service tells the others, exactly once in effect.

`outbox` writes events with the state change and publishes them, `consumer` takes what others published, `inbox` applies
each in order, parks what came too early, and keeps what failed as a dead letter.
"""
