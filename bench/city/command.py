"""`python -m bench city [--scale small|full] ...` runs the comparison; `city serve NAME` one contender."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench.city.asking import Wrong
from bench.city.contender import ASKING, running
from bench.city.layout import ROOT, Layout
from bench.city.question import QUESTIONS, REPEATED
from bench.city.report import table, write
from bench.city.run import LOOP, PEERS, Outcome, Plan, grounds, run
from bench.city.scale import SCALES

EVERYBODY = ("hub", *PEERS, "strawberry", "bare", "fixed", LOOP)
PROGRAMS = Path("/usr/lib/postgresql/15/bin")


def city(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    scale = SCALES[given.scale]
    seconds = given.seconds or (5.0 if scale.name == "full" else 1.0)
    plan = Plan(
        layout=Layout(given.data.absolute(), scale),
        programs=given.postgres,
        seconds=seconds,
        rounds=given.rounds or (3 if scale.name == "full" else 2),
        questions=tuple(given.questions.split(",")),
        contenders=tuple(given.contenders.split(",")),
    )
    plan.layout.own.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended, too
    if given.serve:
        return _serve(plan, given.serve)
    try:
        outcome = run(plan)
    except Wrong as wrong:
        print(f"stopped: {wrong}", file=sys.stderr)
        return 1
    print("\n".join(table(outcome)), flush=True)
    if given.keep:
        print(write(plan, outcome, _said(given, plan), datetime.now(UTC)))
    return 0


def _said(given: argparse.Namespace, plan: Plan) -> str:
    """The command that does it again; where the data stand is this machine's alone."""
    narrowed = f" --rounds {plan.rounds} --seconds {plan.seconds:g}"
    narrowed += f" --questions {given.questions} --contenders {given.contenders}"
    return f'make bench ARGS="city --scale {given.scale}{narrowed}"'


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench ARGS=city", description=__doc__)
    parser.add_argument("--scale", choices=list(SCALES), default="small")
    parser.add_argument("--data", type=Path, default=ROOT / "var" / "bench", help="data folder")
    parser.add_argument("--postgres", type=Path, default=PROGRAMS, help="PostgreSQL's programs")
    parser.add_argument("--seconds", type=float, help="of one round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--questions", default=",".join([*QUESTIONS, REPEATED.name]))
    parser.add_argument("--contenders", default=",".join(EVERYBODY))
    parser.add_argument("--serve", choices=list(ASKING), help="run one contender until Ctrl-C")
    parser.add_argument(
        "--no-keep", dest="keep", action="store_false", help="do not write bench/results/"
    )
    return parser


def _serve(plan: Plan, name: str) -> int:
    outcome = Outcome()
    with ExitStack() as stack:
        made = stack.enter_context(grounds(plan, outcome))
        if name in outcome.missing:
            return 1
        log = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "log"
        contender = stack.enter_context(running(name, made, log))
        print(f"{name}: {contender.address}{contender.asking.path('Q1')}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0
