"""Which hub a command speaks to, and as whom.

`--hub` or the settings say where; `--as` names one of the home's demo clients, else the environment
gives VITALHUB_CLIENT_ID and VITALHUB_CLIENT_SECRET. No secret is ever an argument: those are seen by others.
"""

import json
import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from commands.client import HubClient
from commands.errors import WrongUsage
from settings import Settings

CLIENT_ID, CLIENT_SECRET = "VITALHUB_CLIENT_ID", "VITALHUB_CLIENT_SECRET"
DEMO_CLIENTS = "demo-clients.json"


def settings_of(given: Namespace) -> Settings:
    """The operator's settings, with what the command line says instead."""
    said = {name: getattr(given, name, None) for name in ("home", "port")}
    try:
        return Settings(**{name: value for name, value in said.items() if value is not None})
    except ValidationError as wrong:
        names = ", ".join(
            f"VITALHUB_{'_'.join(map(str, e['loc'])).upper()}" for e in wrong.errors()
        )
        raise WrongUsage(
            f"设置 {names} 的值无效，见 docs/settings.md。"
            f"The value of {names} is not valid; see docs/settings.md."
        ) from None


def hub_of(given: Namespace) -> HubClient:
    """WrongUsage when nobody is named."""
    if given.caller:
        return as_client(given, given.caller)
    try:
        name, secret = os.environ[CLIENT_ID], os.environ[CLIENT_SECRET]
    except KeyError:
        raise WrongUsage(
            f"请用 --as 指明客户端，或设置 {CLIENT_ID} 与 {CLIENT_SECRET}。"
            f"Name a client with --as, or set {CLIENT_ID} and {CLIENT_SECRET}."
        ) from None
    return HubClient(_address(given), name, secret)


def as_client(given: Namespace, name: str) -> HubClient:
    """One of the demo's clients, by its id."""
    file = settings_of(given).home / DEMO_CLIENTS
    known = _demo_clients(file)
    if name not in known:
        raise WrongUsage(
            f"{file} 中没有客户端 {name}，现有：{'、'.join(known)}。"
            f"{file} has no client {name}; it has {', '.join(known)}."
        )
    return HubClient(_address(given), name, known[name])


def _demo_clients(file: Path) -> Mapping[str, str]:
    try:
        listed = json.loads(file.read_text("utf-8"))
        return {str(one["client_id"]): str(one["client_secret"]) for one in listed}
    except (OSError, ValueError, TypeError, KeyError):
        raise WrongUsage(
            f"无法读取 {file}：请用 --home 指明演示枢纽的目录。"
            f"Cannot read {file}: name the demo hub's folder with --home."
        ) from None


def _address(given: Namespace) -> str:
    return str(given.hub or settings_of(given).issuer).rstrip("/")
