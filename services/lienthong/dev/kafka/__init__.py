"""Apache Kafka on loopback: real brokers from Maven packages, run by the Java runtime of a Python package."""

from lienthong.dev.kafka.cluster import KafkaCluster

__all__ = ["KafkaCluster"]
