"""A signed token as text, taken apart before anything in it is believed.

Rules: three parts and no more (what is encrypted, or a token within a token, is not for us); plain JSON
objects in which no name stands twice, because two readers would take two different ones; no header that
asks for an unusual reading; bounded in length.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

PART = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
UNUSUAL = frozenset({"crit", "b64", "zip", "cty", "enc", "epk"})


@dataclass(frozen=True, slots=True)
class Compact:
    """What the token says of itself: not verified."""

    algorithm: str
    kid: str
    type: str
    claims: Mapping[str, Any]  # JSON, checked where it is used


def read_compact(bearer: str, longest: int) -> Compact | None:
    """None for whatever is not a plain signed token with a `kid`."""
    if len(bearer) > longest:
        return None
    parts = bearer.split(".")
    if len(parts) != 3 or not all(PART.fullmatch(part) for part in parts):  # noqa: PLR2004 - JWS
        return None
    try:
        header, claims = (_object(part) for part in parts[:2])
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict) or UNUSUAL & set(header):
        return None
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "")
    if not (isinstance(algorithm, str) and isinstance(kid, str) and isinstance(kind, str)):
        return None
    return Compact(algorithm, kid, kind, claims)


def _object(part: str) -> object:
    content = base64.b64decode(part + "=" * (-len(part) % 4), "-_", validate=True)
    return json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_no_number)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(_constant: str) -> NoReturn:
    raise ValueError("not a number of JSON")
