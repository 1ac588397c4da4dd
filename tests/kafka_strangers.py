"""Clients of Kafka that are not the program's: of another library, as other programs on a cluster may be."""

from typing import Any

from lienthong.chassis.engines.kafka.settings import KafkaSection


def settings_of_others(section: KafkaSection) -> dict[str, Any]:
    """Gives the arguments that every client of kafka-python takes to reach the same brokers."""
    return {
        "bootstrap_servers": list(section.servers),
        "bootstrap_timeout_ms": 10_000,
        "request_timeout_ms": 10_000,
        "security_protocol": "PLAINTEXT" if section.security == "plaintext" else "SSL",
        "ssl_cafile": section.ca_file and str(section.ca_file),
        "ssl_certfile": section.certificate_file and str(section.certificate_file),
        "ssl_keyfile": section.key_file and str(section.key_file),
    }
