"""Offsets that are asked for while a group moves from one broker to another."""

import time
from collections.abc import Sequence
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from lienthong.chassis.engines.kafka.connection import code_of, committed

PLACE = ("documents", 0)


class Moving:
    """A consumer whose group finds its broker at some try."""

    def __init__(self, code: int, answers_at: float) -> None:
        self._code = code
        self._answers_at = answers_at
        self.tries = 0

    def committed(self, asked: Sequence[TopicPartition], timeout: float) -> Sequence[TopicPartition]:
        """Answers, or says that this broker does not know."""
        assert 0 <= timeout <= 1.0
        self.tries += 1
        if self.tries < self._answers_at:
            raise KafkaException(KafkaError(self._code))
        return asked

    def poll(self, timeout: float) -> None:
        """Nothing comes."""


@pytest.mark.parametrize(
    "code",
    [KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS],
)
def test_a_group_that_moves_is_asked_again(code: int) -> None:
    """A broker that was lost takes its groups with it for some seconds: whoever asks need not know."""
    consumer = Moving(code, answers_at=3)
    assert committed(cast("Any", consumer), [PLACE], 1.0) == [TopicPartition(*PLACE)]
    assert consumer.tries == 3


def test_a_group_that_moves_for_long() -> None:
    """Asking ends in time, with what the brokers said last."""
    begun = time.monotonic()
    with pytest.raises(KafkaException) as told:
        committed(cast("Any", Moving(KafkaError.NOT_COORDINATOR, float("inf"))), [PLACE], 0.3)
    assert code_of(told.value) == KafkaError.NOT_COORDINATOR
    assert time.monotonic() - begun < 5


def test_what_is_refused_is_asked_once() -> None:
    """Only what passes by itself is worth a second try."""
    consumer = Moving(KafkaError.GROUP_AUTHORIZATION_FAILED, float("inf"))
    with pytest.raises(KafkaException):
        committed(cast("Any", consumer), [PLACE], 1.0)
    assert consumer.tries == 1
