"""Faults of the engines and of what passes between them and their users."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
import psycopg
from psycopg import sql
from tests.faults.support.doors import Weather, Who
from tests.faults.support.kinds_of_processes import Chance, copy_of, wait
from tests.faults.support.processes import Processes

from lienthong.dev.kafka import KafkaCluster
from lienthong.dev.platform import SERVICES, Copy

Act = Callable[[Processes, Chance], str]

ENGINES = ("kafka", "objects", "postgres")
BREAKS_AFTER = (50, 30_000)
"""Bytes after which a connection breaks: within the greeting, or in the middle of a content."""


def kill_engine(name: str) -> Act:
    """Kills an engine with all its processes, and starts it again after a moment."""

    def act(processes: Processes, chance: Chance) -> str:
        engine = processes.engine(name)
        with processes.whole[name]:
            engine.kill()
            wait(chance.uniform(0.2, 3))
            engine.start()
        return name

    return act


def kill_broker(processes: Processes, chance: Chance) -> str:
    """Kills one broker, whoever leads what; the others go on, if there are any."""
    cluster = processes.engine("kafka").server
    assert isinstance(cluster, KafkaCluster)
    node = chance.choice(cluster.nodes)
    with processes.whole["kafka"]:
        node.kill()
        wait(chance.uniform(1, 4))
        node.start()
    return f"1 of {len(cluster.nodes)}"


def pause_engine(name: str) -> Act:
    """Halts an engine for a while: its connections stay open, and nothing answers."""

    def act(processes: Processes, chance: Chance) -> str:
        engine = processes.engine(name)
        with processes.whole[name]:
            engine.pause()
            wait(chance.uniform(0.5, 6))
            engine.resume()
        return name

    return act


def end_sessions(processes: Processes, chance: Chance) -> str:
    """Ends all sessions of a service at the database, whatever they are doing."""
    service = chance.choice(SERVICES)
    with processes.postgres.administer() as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            (f"lienthong-{service}",),
        )
    return service


def hold_table(processes: Processes, chance: Chance) -> str:
    """Holds a table so that every statement on it waits, at times for longer than a statement may."""
    service = chance.choice(SERVICES)
    with processes.postgres.administer("lienthong") as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (service,)).fetchall()
        table = chance.choice(sorted(str(name) for (name,) in tables))
        connection.execute("SET lock_timeout = '3s'")
        # A busy table may not be had at once; then waiting for it was the fault.
        with suppress(psycopg.errors.LockNotAvailable), connection.transaction():
            connection.execute(sql.SQL("LOCK TABLE {}").format(sql.Identifier(service, table)))
            wait(chance.uniform(0.2, 6.5))
    return service


def cut(processes: Processes, chance: Chance) -> str:
    """Cuts every connection with an engine."""
    name = chance.choice(ENGINES)
    with processes.whole[name]:
        processes.engine(name).cut()
    return name


def _weather(make: Callable[[Chance], Weather], longest: float) -> Act:
    def act(processes: Processes, chance: Chance) -> str:
        name = chance.choice(ENGINES)
        with processes.whole[name], processes.engine(name).weather(make(chance)):
            wait(chance.uniform(0.3, longest))
        return name

    return act


def part(processes: Processes, chance: Chance) -> str:
    """Cuts one process off from one engine; the other copy goes on."""
    copy, name = copy_of(processes, chance), chance.choice(ENGINES)
    weather = chance.choice((Weather(shut=True), Weather(still=True)))
    with processes.engine(name).weather(weather, speaking(copy)):
        wait(chance.uniform(0.3, 4))
    return f"{copy.service} {name}"


def speaking(copy: Copy) -> Who:
    """Means a process and its children, by the ports from which they speak."""
    found = copy.process.process()
    known = set(_ports(found)) if found else set()

    def who(port: int) -> bool:
        if port not in known and found:
            known.update(_ports(found))
        return port in known

    return who


def _ports(process: psutil.Process) -> Iterator[int]:
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            yield from (connection.laddr.port for connection in one.net_connections("tcp4"))


@contextmanager
def _all_ways(processes: Processes, service: str, weather: Weather) -> Iterator[None]:
    ways = [processes.ways[copy.name] for copy in processes.platform.copies if copy.service == service]
    first, second = ways
    with first.weather(weather), second.weather(weather):
        yield


def leave_clients(processes: Processes, chance: Chance) -> str:
    """Cuts, stops or slows what passes between clients and a service."""
    service = chance.choice(SERVICES)
    weather = chance.choice((Weather(shut=True), Weather(still=True), Weather(delay=0.05), Weather(breaks_after=5000)))
    with _all_ways(processes, service, weather):
        wait(chance.uniform(0.2, 2))
    return service


shut = _weather(lambda _: Weather(shut=True), 3)
still = _weather(lambda _: Weather(still=True), 4)
slow = _weather(lambda chance: Weather(delay=chance.uniform(0.01, 0.15)), 3)
halfway = _weather(lambda chance: Weather(breaks_after=chance.randint(*BREAKS_AFTER)), 2)
