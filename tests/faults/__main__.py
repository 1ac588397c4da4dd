"""`python -m tests.faults --count 1000 --seed 7`: any number of faults on real engines, in runs that can be resumed.

Each run is a platform of its own with a seed of its own, which is printed and repeats it; every third one has three
brokers. What was done stands in a file: the same command goes on after the last run that passed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RUN = 100
"""Faults of one run."""
THREE_BROKERS_EACH = 3
ROOT = Path(__file__).resolve().parents[2]
_TEST = "tests/faults/test_processes.py"


def environment(number: int, seed: int, faults: int) -> Mapping[str, str]:
    """Gives what repeats a run.

    Args:
        number: Which one, from 0.
        seed: Of all runs.
        faults: Of this run.
    """
    return {
        "LIENTHONG_FAULTS": str(faults),
        "LIENTHONG_FAULT_SEED": str(seed * 1000 + number),
        "LIENTHONG_FAULT_BROKERS": "3" if number % THREE_BROKERS_EACH == THREE_BROKERS_EACH - 1 else "1",
    }


def run(chosen: Mapping[str, str], record: Path) -> Any:
    """Does one run; gives what it came to, None when it failed."""
    record.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-s", _TEST]
    env = os.environ | chosen | {"LIENTHONG_FAULT_RECORD": str(record.absolute())}
    done = subprocess.run(command, env=env, cwd=ROOT, check=False)  # noqa: S603 -- our own tests
    return None if done.returncode else json.loads(record.read_text("utf-8"))


def told(done: Sequence[Mapping[str, Any]]) -> str:
    """Gives the figures of all runs."""
    kinds: Counter[str] = Counter()
    for one in done:
        kinds.update(one["kinds"])
    counts = "\n".join(f"{count:6} {name}" for name, count in kinds.most_common())
    seconds = sum(one["took"] for one in done)
    return f"{counts}\n{kinds.total():6} faults in {len(done)} runs, {seconds / 60:.0f} minutes"


def main() -> int:
    """Does what is left to do; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=RUN, help="faults, all together")
    parser.add_argument("--seed", type=int, default=0, help="repeats all runs")
    parser.add_argument("--run", type=int, default=RUN, help="faults of one run")
    parser.add_argument("--progress", type=Path, default=Path("build/faults"), help="folder with what was done")
    asked = parser.parse_args()
    asked.progress.mkdir(parents=True, exist_ok=True)
    file = asked.progress / f"{asked.seed}-{asked.run}.json"
    done = json.loads(file.read_text("utf-8")) if file.exists() else []
    for number in range(len(done), -(-asked.count // asked.run)):
        chosen = environment(number, asked.seed, min(asked.run, asked.count - number * asked.run))
        again = " ".join([*(f"{name}={value}" for name, value in chosen.items()), f"python -m pytest -s {_TEST}"])
        print(f"run {number}: {again}", flush=True)
        begun = time.monotonic()
        record = run(chosen, asked.progress / "record.json")
        if record is None:
            print(f"failed; it is repeated by\n{again}")
            return 1
        done.append({**record, "took": round(time.monotonic() - begun)})
        file.write_text(json.dumps(done), "utf-8")
    print(told(done))
    return 0


if __name__ == "__main__":
    sys.exit(main())
