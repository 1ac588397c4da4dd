"""The topics of the house: who publishes, who consumes."""

from importlib import import_module
from inspect import signature

import pytest

from lienthong.chassis.topics import CONSUMED, PUBLISHED, TOPICS


class Anything:
    """Stands for whatever a subscription hands on to its handlers and does not use itself."""

    def __getattr__(self, name: str) -> "Anything":
        return self


@pytest.mark.parametrize("service", CONSUMED)
def test_services_consume_what_is_declared(service: str) -> None:
    """Rights follow the declaration, so it names the very topics to which the service subscribes."""
    make = import_module(f"lienthong.{service}.consumers").subscription
    made = make(*(Anything() for _ in signature(make).parameters))
    assert sorted(made.topics) == sorted(CONSUMED[service])


def test_each_topic_has_one_owner() -> None:
    """Every topic is published by exactly one service, and consumed by another."""
    published = [topic for topics in PUBLISHED.values() for topic in topics]
    assert sorted(published) == sorted(topic.name for topic in TOPICS)
    assert {topic for topics in CONSUMED.values() for topic in topics} == set(published)
    assert CONSUMED.keys() == PUBLISHED.keys()
