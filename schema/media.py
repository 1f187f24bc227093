"""Media types: what a caller sends and what it wants back."""

from collections.abc import Sequence

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
HTML = "text/html"
UTF8 = {"utf-8", "utf8"}


def is_json(content_type: str) -> bool:
    """Whether a body is application/json in UTF-8."""
    media, parameters = _parsed(content_type)
    return media == JSON and parameters.get("charset", "utf-8").lower() in UTF8


def accepted(accept: str | None, offered: Sequence[str]) -> str | None:
    """The media type to answer in: the first offered one without an Accept header, else by weight.

    Of two that a caller wants alike, the one it names first; a wildcard takes the first offered.
    None when it wants none of them.
    """
    if not accept or not accept.strip():
        return offered[0]
    wanted: list[tuple[float, int, str]] = []
    for place, item in enumerate(accept.split(",")):
        media, parameters = _parsed(item)
        weight = _weight(parameters.get("q", "1"))
        if weight > 0:
            wanted.append((-weight, place, media))
    for _, _, media in sorted(wanted):
        for candidate in offered:
            if media in {candidate, "*/*", candidate.split("/")[0] + "/*"}:
                return candidate
    return None


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    media, *rest = (part.strip() for part in text.split(";"))
    pairs = (part.partition("=") for part in rest)
    return media.lower(), {name.strip().lower(): value.strip(' "') for name, _, value in pairs}


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
