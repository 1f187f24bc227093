"""From arguments to the one HTTP request they mean; no input or output.

Rules: host and path template are declared, an argument only fills a segment, a query value or a member
of a JSON body; everything else in it is percent-encoded. A segment is never empty, `.` or `..`, and
holds no slash, backslash or control character even encoded: servers behind servers decode twice.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from jsonschema.exceptions import ValidationError

from catalog.contracts import Contract, camel
from catalog.interfaces.interface import Argument, ArgumentPlace, Interface
from catalog.predicate import Scalar
from connectors.calling.check import checker_of
from connectors.calling.errors import InterfaceArgument

UNFIT = re.compile(r"[/\\\x00-\x1f\x7f]")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
TEMPLATE = re.compile(r"\{([^{}]*)\}")

Arguments = Mapping[str, Scalar]
"""By the names of the contract's arguments; what is absent is not asked."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`target` is path and query, encoded; `key` is the same for the same question."""

    method: str
    target: str
    body: bytes | None

    @property
    def key(self) -> bytes:
        return b"\n".join((self.method.encode(), self.target.encode(), self.body or b""))


def request_of(contract: Contract, arguments: Arguments) -> Outgoing:
    """InterfaceArgument names the first argument that the contract does not accept."""
    interface = contract.interface
    if interface is None:
        raise TypeError(f"{contract.data_set} is no interface")
    plain = {
        argument: plain_of(arguments[argument.name])
        for argument in interface.arguments
        if argument.name in arguments
    }
    for argument, value in plain.items():
        _check(contract, argument, value)
    return Outgoing(interface.method, _target(contract, interface, plain), _body(interface, plain))


def plain_of(value: Scalar) -> str | int | float | bool | Decimal:
    """As JSON holds it; instants and days as ISO texts."""
    return value.isoformat() if isinstance(value, datetime | date) else value


def text_of(value: str | float | bool | Decimal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _check(contract: Contract, argument: Argument, value: Any) -> None:  # noqa: ANN401 - plain JSON
    wanted = json.loads(argument.check)
    texts = wanted["type"] == "string" or "string" in wanted["type"]
    wrong: ValidationError | None = next(
        checker_of(argument.check).iter_errors(text_of(value) if texts else value), None
    )
    if wrong is not None:
        rule = f"{wrong.validator} {json.dumps(wrong.validator_value, ensure_ascii=False)}"
        raise _refused(contract, argument, f"须满足 {rule}", f"it must satisfy {rule}")
    if argument.place is ArgumentPlace.PATH:
        text = text_of(value)
        if not text or text in {".", ".."} or UNFIT.search(text):
            raise _refused(
                contract,
                argument,
                "不能为空，也不能是 .、.. 或含有斜杠、反斜杠、控制字符",
                "it must not be empty, `.` or `..`, nor hold a slash, a backslash or a control character",
            )
    elif isinstance(value, str) and argument.place is ArgumentPlace.QUERY and CONTROL.search(value):
        raise _refused(contract, argument, "不能含有控制字符", "it must hold no control character")


def _target(contract: Contract, interface: Interface, plain: Mapping[Argument, Any]) -> str:
    def segment(match: re.Match[str]) -> str:
        return quote(text_of(by_key[match[1]]), safe="")

    by_key = {a.key: value for a, value in plain.items() if a.place is ArgumentPlace.PATH}
    for argument in interface.arguments:
        if argument.place is ArgumentPlace.PATH and argument.key not in by_key:
            raise _refused(contract, argument, "必须给出", "it is required")
    query = {a.key: text_of(value) for a, value in plain.items() if a.place is ArgumentPlace.QUERY}
    path = TEMPLATE.sub(segment, interface.path)
    return f"{path}?{urlencode(query, quote_via=quote, safe='')}" if query else path


def _body(interface: Interface, plain: Mapping[Argument, Any]) -> bytes | None:
    if not any(argument.place is ArgumentPlace.BODY for argument in interface.arguments):
        return None
    members = {
        a.key: text_of(value) if isinstance(value, Decimal) else value
        for a, value in plain.items()
        if a.place is ArgumentPlace.BODY
    }
    return json.dumps(members, ensure_ascii=False, sort_keys=True).encode()


def _refused(
    contract: Contract, argument: Argument, problem_zh: str, problem: str
) -> InterfaceArgument:
    return InterfaceArgument(
        interface=camel(contract.data_set),
        title=contract.title,
        argument=camel(argument.name),
        problem_zh=problem_zh,
        problem=problem,
    )
