"""Media types: what a caller sends and what it wants back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
HTML = "text/html"
LONGEST_KEPT = 200
"""Characters of a header whose reading is remembered."""
UTF8 = {"utf-8", "utf8"}
WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Range:
    """One item of an Accept header; `place` is its position there."""

    media: str
    weight: float
    place: int

    def exactness(self, media: str) -> int:
        """0 when it does not cover the media type; the type itself is more exact than a wildcard."""
        covered = {media: 3, media.split("/", maxsplit=1)[0] + "/*": 2, "*/*": 1}
        return covered.get(self.media, 0)


def is_json(content_type: str) -> bool:
    """Whether a body is application/json in UTF-8."""
    return content_type == JSON or _is_json(content_type)


def _is_json(content_type: str) -> bool:
    media, parameters = _parsed(content_type)
    return media == JSON and parameters.get("charset", "utf-8").lower() in UTF8


def accepted(accept: str | None, offered: Sequence[str]) -> str | None:
    """The media type to answer in: the first offered one without an Accept header, else by weight.

    The most exact range decides each type's weight, so `*/*, application/json;q=0` is no JSON. Of two
    that a caller wants alike, the one it names first; a wildcard takes the first offered. None when it
    wants none of them.
    """
    if not accept or not accept.strip():
        return offered[0]
    ranges = [
        _Range(media, _weight(parameters.get("q", "1")), place)
        for place, (media, parameters) in enumerate(map(_parsed, accept.split(",")))
        if parameters.get("charset", "utf-8").lower() in UTF8
    ]
    best: tuple[float, int] | None = None
    found = None
    for candidate in offered:
        covering = [each for each in ranges if each.exactness(candidate)]
        if not covering:
            continue
        deciding = max(covering, key=lambda each: each.exactness(candidate))
        rank = deciding.weight, -deciding.place
        if deciding.weight > 0 and (best is None or rank > best):
            best, found = rank, candidate
    return found


def answer_media(accept: str | None) -> str | None:
    """Which of the two media types of GraphQL to answer in; None when neither is wanted."""
    if accept is None:
        return JSON
    known = len(accept) <= LONGEST_KEPT
    return _remembered(accept) if known else accepted(accept, (JSON, GRAPHQL_JSON))


@lru_cache(maxsize=256)
def _remembered(accept: str) -> str | None:
    return accepted(accept, (JSON, GRAPHQL_JSON))


def weighed(header: str) -> dict[str, float]:
    """The items of a header like Accept-Encoding, each with its weight."""
    parsed = map(_parsed, header.split(","))
    return {name: _weight(parameters.get("q", "1")) for name, parameters in parsed if name}


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    media, *rest = (part.strip() for part in text.split(";"))
    pairs = (part.partition("=") for part in rest)
    return media.lower(), {name.strip().lower(): value.strip(' "') for name, _, value in pairs}


def _weight(text: str) -> float:
    """Nothing where it is no weight."""
    return float(text) if WEIGHT.fullmatch(text) else 0.0
