"""Pages of the core's lists."""

from schema.errors import PageOutOfRange

MAX_LIMIT = 500
MAX_OFFSET = 100_000


def page(limit: int, offset: int) -> tuple[int, int]:
    """First and behind-last position; PageOutOfRange."""
    for argument, value, high in (("limit", limit, MAX_LIMIT), ("offset", offset, MAX_OFFSET)):
        if not 0 <= value <= high:
            raise PageOutOfRange(argument=argument, low=0, high=high)
    return offset, offset + limit
