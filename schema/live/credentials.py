"""Who opens a socket, and what for: from its `connection_init`, or from the headers of its upgrade.

Rules: what the payload says counts before the headers, because a browser cannot set those; a socket
without a token is nobody's, there is no default caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers

from schema.errors import TokenMissing
from schema.message import bearer_in
from schema.purpose import CASE_HEADER, PURPOSE_HEADER, Stated, stated_in_headers, stated_of


@dataclass(frozen=True, slots=True)
class Credentials:
    bearer: str = field(repr=False)
    stated: Stated


def credentials_of(payload: Mapping[str, object], headers: Headers) -> Credentials:
    """TokenMissing, RequestMalformed. The payload's members: authorization, purpose, case."""
    given = {name.lower(): value for name, value in payload.items()}
    told = given.get("authorization")
    if told is not None and not isinstance(told, str):
        raise TokenMissing
    bearer = bearer_in(headers.getlist("authorization") if told is None else [told])
    if given.get("purpose") is None and given.get("case") is None:
        in_headers = (headers.getlist(PURPOSE_HEADER), headers.getlist(CASE_HEADER))
        return Credentials(bearer, stated_in_headers(*in_headers))
    return Credentials(bearer, stated_of(given.get("purpose"), given.get("case")))
