"""What others build on: public names, the tree of exceptions, types."""

import inspect
from importlib.resources import files
from pathlib import Path

import pytest
from tests.fresh import told_by

from lienthong import client
from lienthong.client import AxisCallError, ContextError, connect, errors
from lienthong.client.context import Context

NAMES = {
    "Axis",
    "AxisCallError",
    "AxisUnavailableError",
    "ConflictError",
    "Context",
    "ContextError",
    "InvalidRequestError",
    "LimitReachedError",
    "NotAllowedError",
    "NotFoundError",
    "PreconditionError",
    "Progress",
    "connect",
    "load_context",
    "server_certificate",
}
METHODS = {
    "channel",
    "close",
    "download",
    "operations",
    "serving",
    "submit_file",
    "upload",
    "watch_mailbox",
    "watch_notices",
    "watch_progress",
}
FACTS = {"code", "reason", "message", "metadata", "violations", "retry_after"}


def test_public_names_are_pinned() -> None:
    """A name that others import is neither renamed nor removed in passing; a new one is meant."""
    assert set(client.__all__) == NAMES
    assert all(hasattr(client, name) for name in NAMES)
    assert {name for name, _ in inspect.getmembers(client.Axis, inspect.isfunction) if name[0] != "_"} == METHODS


def test_the_tree_of_exceptions_stands_in_the_docstring() -> None:
    """Whoever reads the module sees every class that can be caught, and what each carries."""
    kinds = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, AxisCallError)}
    assert errors.__doc__ is not None
    for kind in kinds:
        assert kind.__name__ in errors.__doc__
        assert kind.__name__ in NAMES
    for fact in FACTS:
        assert fact in errors.__doc__


def test_the_package_says_that_it_is_typed() -> None:
    """Type checkers of others read our annotations."""
    assert (files("lienthong") / "py.typed").is_file()


def test_without_encryption_only_this_machine_is_called() -> None:
    """A context without an authority does not send documents over a network in plain text."""
    with pytest.raises(ContextError, match="nothing is encrypted"):
        connect(Context("axis.example:7443"))
    for address in ("localhost:7443", "127.0.0.1:7443", "[::1]:7443"):
        connect(Context(address)).close()


def test_a_missing_file_of_a_context_is_named(tmp_path: Path) -> None:
    """The message says which file cannot be read."""
    with pytest.raises(ContextError, match=r"absent\.crt"):
        connect(Context("127.0.0.1:7443", authority=tmp_path / "absent.crt"))


@pytest.mark.parametrize("module", ["lienthong.client", "lienthong.cli.main"])
def test_whoever_calls_needs_no_database(module: str) -> None:
    """The client library and the commands load nothing that only the services use."""
    assert told_by(f"import sys, {module}; print('sqlalchemy' in sys.modules)") == "False"
