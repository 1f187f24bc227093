"""What a caller says its operation is for, and which of its grants that leaves.

Rules: a grant serves one purpose, and so does an operation; a stated purpose leaves the grants for it
and nothing else. Where none is stated, a data set is read for the one purpose it is held for; one that
is held for several is undecided. An organisation's own data serve every purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from catalog.contracts import camel
from catalog.ids import DatasetCode
from catalog.sharing.grant import Grant
from catalog.sharing.provision import is_own
from catalog.sharing.request import LONGEST_PURPOSE
from schema.errors import PurposeRequired, PurposeUnknown, RequestMalformed

PURPOSE_HEADER = "x-vitalhub-purpose"
CASE_HEADER = "x-vitalhub-case"
LONGEST_CASE = 200
"""Characters."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A caller's own words: the purpose of its grant, and the reference of the case it works on."""

    purpose: str | None = None
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """`undecided`: held for several purposes while none is stated."""

    grants: tuple[Grant, ...]
    undecided: frozenset[DatasetCode] = frozenset()


NOTHING_STATED = Stated()


def stated_of(purpose: object, case: object) -> Stated:
    """RequestMalformed for what is no short plain text. A websocket's `connection_init` gives both
    as its payload's `purpose` and `case`, HTTP as headers.
    """
    return Stated(
        _plain("purpose", purpose, LONGEST_PURPOSE),
        _plain("case", case, LONGEST_CASE),
    )


def stated_in_headers(purpose: Sequence[str], case: Sequence[str]) -> Stated:
    """From the values of the two headers, which are percent-encoded UTF-8."""
    return stated_of(_decoded(PURPOSE_HEADER, purpose), _decoded(CASE_HEADER, case))


def chosen(grants: Sequence[Grant], purpose: str | None) -> Chosen:
    """PurposeUnknown when no grant serves the stated purpose."""
    if purpose is not None:
        if all(grant.purpose != purpose for grant in grants):
            raise PurposeUnknown
        return Chosen(tuple(g for g in grants if g.purpose == purpose or is_own(g)))
    held: dict[DatasetCode, set[str]] = {}
    for grant in grants:
        held.setdefault(grant.data_set, set()).add(grant.purpose)
    undecided = frozenset(code for code, purposes in held.items() if len(purposes) > 1)
    return Chosen(tuple(g for g in grants if g.data_set not in undecided), undecided)


def purposes_of(grants: Sequence[Grant]) -> tuple[str, ...]:
    """Those that may be stated, without the standing one of an organisation's own data."""
    return tuple(sorted({grant.purpose for grant in grants if not is_own(grant)}))


def purpose_required(grants: Sequence[Grant]) -> PurposeRequired:
    """The data sets and purposes of the caller's own grants, and no others."""
    purposes = purposes_of(grants)
    return PurposeRequired(
        data_sets=", ".join(sorted({camel(grant.data_set) for grant in grants})),
        purposes=", ".join(purposes),
        purposes_zh="、".join(purposes),
    )


def check_one_purpose(grants: Sequence[Grant]) -> None:
    """PurposeRequired where what is read together was granted for several purposes."""
    if len(purposes_of(grants)) > 1:
        raise purpose_required([grant for grant in grants if not is_own(grant)])


def _plain(name: str, value: object, longest: int) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise RequestMalformed(
            problem_zh=f"{name} 必须是不超过 {longest} 个字符的文本，不含控制字符",
            problem=f"{name} must be a text of at most {longest} characters without control characters",
        )
    return value.strip() or None


def _decoded(name: str, values: Sequence[str]) -> str | None:
    if not values:
        return None
    try:
        (value,) = values
        return unquote_to_bytes(value.encode("ascii")).decode("utf-8")
    except ValueError:  # several of them, other than ASCII, or no UTF-8 behind the percent signs
        raise RequestMalformed(
            problem_zh=f"{name} 头须出现一次，内容为百分号编码的 UTF-8",
            problem=f"send the header {name} once, as percent-encoded UTF-8",
        ) from None
