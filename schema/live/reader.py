"""One subscriber of a live query: who it is, what it asked, and what it was last told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schema.caller import Caller
from schema.document import Prepared
from schema.errors import ErrorBody
from schema.live.key import LiveKey
from schema.live.state import State
from schema.reply import Request
from schema.view import View


class Mailbox(Protocol):
    """Where a reader gets its mail: its socket."""

    def deliver(self, reader: "Reader") -> None:
        """The reader's state is new."""
        ...

    def refuse(self, reader: "Reader", errors: Sequence[ErrorBody]) -> None:
        """It will not hear any more; these errors say why."""
        ...


@dataclass(eq=False)
class Reader:
    """`caller`, `view`, `prepared` and `key` change together, when its scope does."""

    id: str
    request: Request
    request_id: str
    mailbox: Mailbox
    caller: Caller
    view: View
    prepared: Prepared
    key: LiveKey
    state: State | None = field(default=None)
    """The newest; one that was not sent before the next came is never sent."""
    told: str | None = field(default=None)
    """The mark of what was sent last."""

    def offer(self, state: State) -> None:
        """A first answer with errors refuses the live query; later ones are told like any state."""
        if self.told is None and state.outcome.errors:
            self.mailbox.refuse(self, state.outcome.errors)
            return
        self.state = state
        self.mailbox.deliver(self)
