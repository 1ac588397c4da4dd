"""A real Prometheus on loopback that looks at the program."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml
from tests.monitoring.metrics import RULES
from tests.waiting import eventually
from tools.kubernetes.prometheus import prometheus

from lienthong.dev.servers import Command, ServerProcess, free_port

_SECONDS = 60.0


class Prometheus:
    """Its answers."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.url = f"http://127.0.0.1:{port}"

    def ready(self) -> bool:
        """Whether it takes queries."""
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError):
            return False

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Gives the series of an answer."""
        with urlopen(f"http://127.0.0.1:{self._port}/api/v1/query?{urlencode({'query': query})}", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found


@contextmanager
def looking_at(port: int, folder: Path, rules: Sequence[Path] = RULES) -> Iterator[Prometheus]:
    """Starts a Prometheus that looks each second at a port of loopback, with the rules of the chart or others."""
    job = {"job_name": "lienthong", "honor_labels": True, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(file) for file in rules],
        "scrape_configs": [job],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config), "utf-8")
    own = free_port()
    arguments = [
        str(prometheus() / "prometheus"),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{own}",
    ]
    process, server = ServerProcess(Command("prometheus", arguments, folder), tied=True), Prometheus(own)
    try:
        process.start(server.ready, _SECONDS)
        # It looks for the first time seconds after it is ready: what happened before would be in no rate.
        eventually(lambda: server.ask("up"), "the first look", _SECONDS)
        yield server
    finally:
        process.stop()
