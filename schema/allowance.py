"""What one operation of a client may ask for: the hub's bounds, or the client's own."""

from dataclasses import dataclass

from access.limits import ClientLimits
from schema.data.page import MAX_LIMIT


@dataclass(frozen=True, slots=True)
class Allowance:
    """`budget`: the price that an operation may have; `page_limit`: the rows of a page."""

    budget: int
    page_limit: int


def allowance_of(limits: ClientLimits, budget: int) -> Allowance:
    """`budget`: the hub's."""
    own, page = limits.price_budget, limits.page_limit
    return Allowance(budget if own is None else own, MAX_LIMIT if page is None else page)
