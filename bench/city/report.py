"""What a run found, as JSON for machines and as a page for people, in `bench/results/`."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from bench.city.contender import ASKING, readers
from bench.city.layout import ROOT
from bench.city.load import CONNECTIONS, client
from bench.city.question import QUESTIONS, REPEATED
from bench.city.run import LOOP, Outcome, Plan
from bench.city.target import Reached, reached
from catalog.clock import CITY_ZONE

RESULTS = ROOT / "bench" / "results"
PACKAGES = ("duckdb", "pyarrow", "arro3-io", "graphql-core", "strawberry-graphql", "starlette",
            "uvicorn", "uvloop", "httptools", "orjson")  # fmt: skip
COLUMNS = (*(name for name in ASKING if name != "hub-cached"), LOOP)


@dataclass(frozen=True, slots=True)
class Machine:
    processor: str
    cores: int
    memory_gib: float
    system: str


def machine() -> Machine:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Machine(
        names[0] if names else platform.processor(),
        os.cpu_count() or 0,
        round(memory, 1),
        platform.platform(),
    )


def commit() -> str:
    """Of the program measured; with a plus where files were changed since."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def write(
    plan: Plan, outcome: Outcome, command: str, now: datetime, folder: Path = RESULTS
) -> Path:
    """The page; the JSON lies beside it."""
    folder.mkdir(exist_ok=True)
    stem = f"{now.astimezone(CITY_ZONE):%Y-%m-%d}-{plan.layout.scale.name}"
    told = _told(plan, outcome, command, now)
    text = json.dumps(told, ensure_ascii=False, indent=1)
    (folder / f"{stem}.json").write_text(text + "\n", "utf-8")
    page = folder / f"{stem}.md"
    page.write_text("\n".join(_page(plan, outcome, told)) + "\n", "utf-8")
    return page


def table(outcome: Outcome) -> list[str]:
    """The ratios beside their targets."""
    rates = _rates(outcome)
    lines = [
        "| question | against | ratio | must | aim | |",
        "|---|---|---:|---:|---:|---|",
    ]
    return lines + [_line(one) for one in reached(rates)]


def _rates(outcome: Outcome) -> dict[str, dict[str, float]]:
    return {
        question: {name: one.rate for name, one in found.items()}
        for question, found in outcome.best.items()
    }


def _line(one: Reached) -> str:
    target = one.target
    must, aim = (f"{value:g}" if value else "" for value in (target.must, target.aim))
    return f"| {target.question} | {one.rival} | {one.ratio:.2f} | {must} | {aim} | {one.verdict} |"


def _told(plan: Plan, outcome: Outcome, command: str, now: datetime) -> Mapping[str, object]:
    return {
        "command": command,
        "date": now.astimezone(CITY_ZONE).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": asdict(machine()),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
            **outcome.versions,
            "client": client(),
        },
        "scale": {**asdict(plan.layout.scale), "readings": plan.layout.scale.readings},
        "readers": int(readers()),
        "load": {"connections": CONNECTIONS, "rounds": plan.rounds, "seconds": plan.seconds},
        "prepared_seconds": outcome.prepared,
        "row_mirror": outcome.mirror,
        "missing": outcome.missing,
        "rows_compared": outcome.compared,
        "best": {
            question: {name: asdict(one) for name, one in found.items()}
            for question, found in outcome.best.items()
        },
        "ratios": [
            {"question": one.target.question, "against": one.rival, "ratio": round(one.ratio, 3),
             "must": one.target.must, "aim": one.target.aim, "verdict": one.verdict}
            for one in reached(_rates(outcome))
        ],
    }  # fmt: skip


def _page(plan: Plan, outcome: Outcome, told: Mapping[str, object]) -> Iterator[str]:
    scale, here = plan.layout.scale, machine()
    yield f"# The hub beside its peers, scale {scale.name}, {told['date']}"
    yield ""
    yield f"`{told['command']}`, commit {told['commit']}"
    yield ""
    yield (
        f"{here.processor}, {here.cores} cores, {here.memory_gib} GiB, {here.system}; "
        f"{scale.events:,} events, {scale.readings:,} readings, {scale.devices:,} devices. "
        f"The hub with {readers()} readers. "
        f"{CONNECTIONS} connections, best of {plan.rounds} interleaved rounds."
    )
    yield ""
    yield from table(outcome)
    yield ""
    names = [name for name in COLUMNS if any(name in one for one in outcome.best.values())]
    yield "Requests per second, with p50 / p99 and the processor time of one request in milliseconds:"
    yield ""
    yield f"| question | {' | '.join(names)} |"
    yield "|---|" + "---:|" * len(names)
    for question, found in outcome.best.items():
        cells = [_cell(outcome, question, name) for name in names]
        title = {**QUESTIONS, REPEATED.name: REPEATED}[question].title
        yield f"| {question} {title} | {' | '.join(cells)} |"
        del found
    yield ""
    for name, why in outcome.missing.items():
        yield f"Without {name}: {' '.join(why.split())}"
    yield "Versions: " + ", ".join(f"{k} {v}" for k, v in _mapping(told["versions"]).items()) + "."
    if outcome.mirror:
        yield "Row mirror: " + ", ".join(f"{k} {v}" for k, v in outcome.mirror.items()) + "."
    if outcome.prepared:
        yield ""
        yield f"Seconds of preparation: `{json.dumps(outcome.prepared)}`"


def _cell(outcome: Outcome, question: str, name: str) -> str:
    found = outcome.best[question]
    one = found.get(name) or (found.get("hub-cached") if name == "hub" else None)
    return "" if one is None else f"{one.rate:,.1f} ({one.p50:.2f} / {one.p99:.2f}; {one.cpu:.3f})"


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, dict)
    return value


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return done.stdout.strip()
