"""The event log on Apache Kafka: the engine of a cluster.

`log` publishes, `member` consumes, `backlog` tells the lag; `topics` and `rights` are for whoever sets a cluster up.
Traps of the client library are named where they are met.
"""
