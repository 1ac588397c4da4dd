"""The command line in the hands of operators: dead letters, audit, certificates."""

import json
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import delete, insert

from lienthong.chassis.events.tables import dead_letters
from lienthong.chassis.keyfiles import load_certificates
from lienthong.client import connect, load_context
from lienthong.client.context import SERVICES

from .shell import Shell
from .world import World, known_everywhere


def test_operating(shell: Shell) -> None:
    """Lag, outboxes, parked events, dead letters, audit, doctor."""
    for command in (("lag",), ("outbox",), ("purge", "--dry-run")):
        code, printed, _ = shell.run("ops", *command, "--json")
        assert code == 0
        assert {one["service"] for one in json.loads(printed)} == set(SERVICES)
    assert [one["service"] for one in shell.json("ops", "lag", "--service", "workflow")] == ["workflow"]
    assert [one["service"] for one in shell.json("ops", "outbox", "--service", "intake")] == ["intake"]
    assert shell.json("ops", "parked") == []
    assert shell.json("ops", "dead-letters", "list") == []
    republished = shell.json("ops", "outbox", "republish", "--service", "intake", "--since", "2026-01-01", "--dry-run")
    assert int(republished.get("events", 0)) >= 0
    assert shell.json("audit", "list", "--service", "routing", "--limit", "5")
    assert all(one["ok"] for one in shell.json("doctor"))


def test_more_dead_letters_than_a_page_has(shell: Shell, world: World) -> None:
    """A list that is cut says so, of whatever service; a letter behind the first page is shown like any other."""
    row = {"topic": "t", "partition": 0, "offset": 0, "type": "t", "event_time": "2026", "attempts": 3}
    row |= {"event_id": "e", "traceparent": "", "value": b"", "held_at": 1, "reason": "broken", "subject": "s"}
    database = next(one.context.database for one in world.platform._components if one.context.name == "routing")
    letters = [f"{number:08}-0000-7000-8000-000000000000" for number in range(501)]
    with database.write() as connection:
        connection.execute(insert(dead_letters), [row | {"id": one, "sequence": n} for n, one in enumerate(letters)])
    try:
        assert "there is more: these are 1;" in shell.run("ops", "dead-letters", "list", "--limit", "1")[2]
        shown = shell.json("ops", "dead-letters", "show", letters[-1], "--service", "routing")
        assert shown["event"] == letters[-1]
        assert shell.run("ops", "dead-letters", "show", letters[0][:-1] + "1", "--service", "routing")[0] == 4
    finally:
        with database.write() as connection:
            connection.execute(delete(dead_letters))


def test_an_audit_trail_that_is_cut_says_so(shell: Shell, world: World) -> None:
    """A page of the trail is not taken for all of it."""
    assert world.agencies
    assert "there is more: these are 2;" in shell.run("audit", "list", "--service", "routing", "--limit", "2")[2]
    assert "there is more: these are 2;" in shell.run("audit", "list", "--limit", "2")[2]


def test_credentials_of_a_system_are_renewed(shell: Shell, world: World, tmp_path: Path) -> None:
    """The same system gets a new key and certificate, and acts for whom it acted for."""
    name = world.system("yearly", "city")
    assert shell.run("system", "act-for", name, "G22")[0] == 0
    issued = shell.json("system", "certify", name, "--folder", str(tmp_path))
    assert issued["system"] == name
    assert Path(str(issued["context"])).name == "yearly.yaml"
    before = load_certificates(world.contexts / "yearly.crt")[0]
    assert load_certificates(Path(str(issued["certificate"])))[0].public_key() != before.public_key()
    with connect(replace(load_context(Path(str(issued["context"]))), agency="G22")) as axis:
        known_everywhere(axis)


def test_one_certificate_is_revoked_by_its_fingerprint(shell: Shell, world: World, tmp_path: Path) -> None:
    """The fingerprint is taken as openssl writes it; what is none is refused with how to get it."""
    issued = shell.json("agency", "issue-credentials", "H29", "--name", "spare", "--folder", str(tmp_path))
    told = load_certificates(Path(issued["certificate"]))[0].fingerprint(SHA256()).hex(":").upper()
    for wrong in ("zz", told[:-3]):
        code, _, errors = shell.run("system", "revoke", issued["system"], "--certificate", wrong)
        assert code == 2
        assert "fingerprint" in errors
    assert shell.json("system", "revoke", issued["system"], "--certificate", told)["name"] == issued["system"]
    assert world.city
