"""`lienthong capacity` says what was measured, and the chart's largest size says the same."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from lienthong.cli.capacity import table
from lienthong.cli.main import app
from lienthong.cli.sizing import Demand, growth, measured, partitions, services

ROOT = Path(__file__).parents[3]
NATION = Demand(agencies=700, documents_per_day=400_000)


def rows(page: str) -> dict[str, str]:
    """The figures of a page of measurements, by what they are of."""
    lines = (ROOT / page).read_text("utf-8").splitlines()
    return {cells[1]: cells[2] for line in lines if len(cells := [one.strip() for one in line.split("|")]) > 3}


def numbers(text: str) -> list[float]:
    """The numbers of a text."""
    return [float(one.replace(",", "")) for one in re.findall(r"[\d,]*\.?\d+", text)]


def test_services_are_as_measured() -> None:
    """Processor time and memory of each service and engine stand so in the page that is named."""
    facts = measured()["services"]
    found = rows(facts["page"])
    for name, spent in (facts["cpu_ms"] | facts["engines_cpu_ms"]).items():
        assert numbers(found[f"processes: CPU a document, {name}"]) == [spent]
    page = (ROOT / facts["page"]).read_text("utf-8")
    loaded = next(line for line in page.splitlines() if "memory under load" in line)
    assert all(f"{name} {size}" in loaded for name, size in facts["memory_mib"].items())


def test_growth_is_as_measured() -> None:
    """What a document adds stands so in the page that is named."""
    facts = measured()["growth"]
    found = rows(facts["page"])
    named = {f"database {name}": pair for name, pair in facts["database_bytes"].items()}
    named |= {f"topic {name}": pair for name, pair in facts["topic_bytes"].items()}
    named |= {"contents": facts["contents_bytes"], "write-ahead log": facts["log_bytes"]}
    named |= {"CPU a document": facts["cpu_ms"]}
    for name, pair in named.items():
        assert numbers(found[f"growth: {name}"]) == pair


def test_the_largest_size_of_the_chart_agrees() -> None:
    """The table, the pods and the processor requests of values-nation.yaml are what the command answers."""
    sizes = services(NATION, measured())
    text = (ROOT / "charts" / "lienthong" / "values-nation.yaml").read_text("utf-8")
    assert [line for line in table(sizes) if f"#   {line}" not in text] == []
    values: dict[str, Any] = yaml.safe_load(text)
    for one in sizes:
        own = values["components"].get(one.service, {})
        scaling = values["defaults"]["autoscaling"] | own.get("autoscaling", {})
        requests = own.get("resources", values["defaults"]["resources"])["requests"]
        assert scaling["minReplicas"] == one.pods
        assert requests["cpu"] == f"{one.cpu_request}m"
        assert int(requests["memory"].removesuffix("Mi")) >= one.memory_request


@pytest.mark.parametrize("field", ["documents_per_day", "recipients", "busiest_hour", "burst"])
def test_more_of_anything_is_never_less(field: str) -> None:
    """Whoever asks for twice as much gets as many pods and processors at least."""
    small = Demand(agencies=10, documents_per_day=50_000, recipients=2, busiest_hour=0.2)
    large = replace(small, **{field: getattr(small, field) * 2})
    for less, more in zip(services(small, measured()), services(large, measured()), strict=True):
        assert more.pods >= less.pods
        assert more.processors >= less.processors


def test_pods_stand_evenly_and_one_zone_may_go() -> None:
    """Pods divide by zones, and without one zone nobody uses more of a processor than he may."""
    for one in services(replace(NATION, documents_per_day=4_000_000), measured()):
        assert one.pods % 3 == 0
        assert one.processors / (one.pods * 2 / 3) <= 0.6


def test_growth_follows_size_and_recipients() -> None:
    """Contents grow with files and not with recipients, databases with recipients and not with files."""
    base, facts = growth(NATION, measured()), measured()
    larger, more = growth(replace(NATION, mean_bytes=1_118_076), facts), growth(replace(NATION, recipients=7), facts)
    assert larger["contents"] - base["contents"] == 1_000_000
    assert larger["databases"] == base["databases"]
    assert more["databases"] > base["databases"]
    assert more["contents"] - base["contents"] < 1000


def test_partitions_are_enough_for_every_pod() -> None:
    """A topic has the declared partitions at least, and as many as a consuming service has pods."""
    assert partitions(services(NATION, measured())) == 4
    sizes = services(replace(NATION, documents_per_day=4_000_000), measured())
    assert partitions(sizes) == max(one.pods for one in sizes if one.service not in ("intake", "routing"))


def test_the_command_says_what_it_rests_on() -> None:
    """People are told what is measured and what is a model; programs get every figure."""
    asked = ["capacity", "--agencies", "2000", "--documents-per-day", "400000"]
    shown = CliRunner().invoke(app, asked)
    assert shown.exit_code == 0
    assert "Measured: docs/bench/" in shown.stdout
    assert "A model:" in shown.stdout
    assert "2000 open watches" in shown.stdout
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert found["services"][1]["pods"] == 3
    assert found["demand"]["peak_per_second"] == pytest.approx(44.4, abs=0.1)
