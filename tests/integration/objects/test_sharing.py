"""Several processes share one store: uploads go on anywhere, children read and write, memory stays bounded."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.stores import section
from tests.unit.intake.test_reading import CORPUS, outcome, readers, stored

from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source
from lienthong.dev.objects import ObjectServer
from lienthong.intake.config import IntakeSection
from lienthong.intake.handlers.prepare import prepare_edxml, prepared_by

DATA = hashlib.shake_128(b"upload").digest(9_000_000)
MIB = 1 << 20

ELSEWHERE = """
import json, resource, sys
from lienthong.chassis.engines.stores import open_blobs
from lienthong.chassis.ids import Uuid7Source
task = json.loads(sys.argv[1])
blobs = open_blobs(task["store"], Uuid7Source())
"""


def elsewhere(blobs: ObjectBlobs, code: str, **task: object) -> Any:
    """Runs code in another process that opens the store; gives what it prints, as JSON."""
    task["store"] = blobs.address()
    command = [sys.executable, "-c", ELSEWHERE + code, json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)  # noqa: S603 -- our own
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_two_processes_resume_one_upload(blobs: ObjectBlobs) -> None:
    """An upload goes on in another process after what was durable, and whichever ends it sees all of it."""
    key = Uuid7Source().new()
    first = blobs.resume(key, 0)
    first.write(DATA[:5_000_000])
    durable = first.sync()
    code = """
writer = blobs.resume(task["key"], task["durable"])
writer.write(bytes.fromhex(task["data"]))
print(writer.sync())
writer.close()
"""
    durable = elsewhere(blobs, code, key=key, durable=durable, data=DATA[5_000_000:5_050_000].hex())
    assert durable == 5_050_000
    last = blobs.resume(key, durable)
    last.write(DATA[5_050_000:])
    last.commit()
    assert blobs.open(key).read() == DATA


def test_a_writer_that_was_left_behind(blobs: ObjectBlobs) -> None:
    """Whoever began later counts; a writer left behind can neither spoil nor end the blob, and leaves nothing."""
    key = Uuid7Source().new()
    left = blobs.resume(key, 0)
    left.write(DATA[:1000])
    left.sync()
    left.write(b"never told")
    left.sync()
    later = ObjectBlobs(blobs._section, Uuid7Source()).resume(key, 1000)
    later.write(DATA[1000:2000])
    later.sync()
    left.write(b"late")
    left.sync()
    with blobs.open_partial(key) as stream:
        assert stream.read(), "what stands there can be read"
    again = ObjectBlobs(blobs._section, Uuid7Source()).resume(key, 2000)
    again.commit()
    assert blobs.open(key).read() == DATA[:2000]
    with pytest.raises(AxisError) as refused:
        left.commit()
    assert (refused.value.code, refused.value.reason) == (Code.ABORTED, "CONTENT_TAKEN")
    left.discard()
    assert blobs.open(key).read() == DATA[:2000]
    assert [(entry.key, entry.size) for entry in blobs.entries()] == [(key, 2000)]


def test_a_small_document_costs_one_object(blobs: ObjectBlobs) -> None:
    """Small content is read back before its commit, for its hash, and costs one request to write."""
    writer = blobs.create()
    writer.write(b"small")
    writer.flush()
    assert blobs.open_partial(writer.key).read() == b"small"
    writer.commit()
    assert blobs.syncs.value == 1
    assert [one["path"] for one in blobs._bucket.list("")] == [f"content/{writer.key}"]


def test_large_content_in_constant_memory(blobs: ObjectBlobs) -> None:
    """200 MiB are written and read with some MiB of memory."""
    code = """
import hashlib
piece, sums = bytes(range(256)) * 4096, [hashlib.sha256(), hashlib.sha256()]
with blobs.create() as small:
    small.write(b"x")
blobs.open(small.key).read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with blobs.create() as writer:
    for _ in range(200):
        writer.write(piece)
        sums[0].update(piece)
with blobs.open(writer.key) as stream:
    while data := stream.read(1 << 20):
        sums[1].update(data)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps([sums[0].hexdigest() == sums[1].hexdigest(), grown * 1024]))
"""
    same, grown = elsewhere(blobs, code)
    assert same
    assert grown < 48 * MIB


def test_a_child_reads_through_the_store(blobs: ObjectBlobs) -> None:
    """A child reads files from the store and writes contents into it, as the call itself would."""
    limits = IntakeSection()
    with readers(blobs) as pool:
        for file in CORPUS[:8]:
            data = file.read_bytes()
            key = stored(blobs, data)
            here = outcome(lambda data=data: prepare_edxml(iter([data]), blobs, limits), blobs)  # type: ignore[misc]
            child = outcome(lambda key=key: prepared_by(pool.read(key)), blobs)  # type: ignore[misc]
            assert child == here, file.name
            blobs.delete(key)
    assert not list(blobs.entries()), "nothing is left of what was dropped or refused"


def test_a_child_whose_store_refuses(server: ObjectServer, blobs: ObjectBlobs, tmp_path: Path) -> None:
    """What the store says to the child its caller is told."""
    secret = tmp_path / "secret"
    secret.write_text("guessed")
    key = stored(blobs, CORPUS[0].read_bytes())
    wrong = ObjectBlobs(section(server, "anywhere", secret_access_key_file=secret), Uuid7Source())
    setattr(blobs, "address", wrong.address)  # noqa: B010 -- a method, only here
    with readers(blobs) as pool, pytest.raises(AxisError) as refused:
        pool.read(key)
    assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "CONTENT_STORE_REFUSES")
    assert refused.value.retry_after
