"""The commands of `server.py` and what each takes."""

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

Run: TypeAlias = Callable[[Namespace], int]
Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"


def arguments(serve: Run, scenarios: type[StrEnum]) -> ArgumentParser:
    parser = ArgumentParser(prog="server.py", description="Vitalhub: 数据共享枢纽 data-sharing hub")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _serve(commands, serve, scenarios)
    return parser


def _serve(commands: Commands, run: Run, scenarios: type[StrEnum]) -> None:
    command = commands.add_parser("serve", help="run the hub")
    command.add_argument("--demo", action="store_true", help="with the demo city and its sources")
    command.add_argument("--scenario", type=scenarios, default=next(iter(scenarios)))
    command.add_argument("--home", type=Path, help="the folder of all state (VITALHUB_HOME)")
    command.add_argument("--port", type=int, help="the port to listen on (VITALHUB_PORT)")
    command.set_defaults(run=run)
