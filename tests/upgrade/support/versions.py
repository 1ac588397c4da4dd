"""Schemas of a program that does not exist yet: the newest versions, and one more after them."""

from pathlib import Path

from lienthong.chassis import migrations

NEXT = Path(__file__).parents[1] / "next"
this_places = migrations.places
"""Where this program finds its versions."""

LARGEST = {
    "signing": "documents",
    "routing": "deliveries",
    "intake": "documents",
    "workflow": "deliveries",
    "notification": "notices",
}
"""The table of each service that the next version changes."""


def next_places(service: str) -> list[str]:
    """Gives where the next program finds its versions."""
    return [*this_places(service), str(NEXT)]


def become_next() -> None:
    """Lets this process be the next program."""
    migrations.places = next_places
