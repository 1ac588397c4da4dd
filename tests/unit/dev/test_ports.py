"""Ports for servers that are about to start."""

from lienthong.dev.servers import PORTS, free_port


def test_no_port_is_given_twice() -> None:
    """Whoever was given a port does not listen on it yet: two of some hundred would get the same one nearly always."""
    given = [free_port() for _ in range(800)]
    assert len(set(given)) == len(given)
    assert set(given) <= set(PORTS)
