"""An export as it is asked for, before anything is known of it but who asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphql import GraphQLError

from schema.caller import Caller
from schema.encoding import Encoding
from schema.export.form import Form
from schema.reply import Request
from schema.view import View


class Refused(Exception):
    """A document that cannot run; `variables`: because of their values."""

    def __init__(self, errors: Sequence[GraphQLError], *, variables: bool = False) -> None:
        super().__init__()
        self.errors = errors
        self.variables = variables


@dataclass(frozen=True, slots=True)
class Wanted:
    """`again`: who asks now, or an error of the token; it blocks. `encoding`: of the stream, None: none."""

    request: Request
    caller: Caller
    view: View
    form: Form
    request_id: str
    encoding: Encoding | None
    again: Callable[[], Caller]
