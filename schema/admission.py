"""From a bearer token and what its caller states to the caller and its view.

Rules: who was admitted before is admitted from memory, on the event loop, as long as nothing could have
changed: the token, the grants, the catalogue and the view each say so themselves. Whatever is not known or
has to be looked at again is asked for in a worker thread, and by the same steps.
"""

from schema.caller import Caller, Callers
from schema.context import blocking
from schema.purpose import Stated
from schema.view import View, Views

Admitted = tuple[Caller, View]


class Admission:
    def __init__(self, callers: Callers, views: Views) -> None:
        self._callers = callers
        self._views = views

    async def admit(self, bearer: str, stated: Stated) -> Admitted:
        """TokenInvalid, TokenExpired, TokenRevoked, PurposeUnknown."""
        known = self.recall(bearer, stated)
        return await blocking(self._asked, bearer, stated) if known is None else known

    def recall(self, bearer: str, stated: Stated) -> Admitted | None:
        """None where something has to be looked up."""
        caller = self._callers.recall(bearer, stated)
        if caller is None:
            return None
        view = self._views.recall(caller)
        return None if view is None else (caller, view)

    def _asked(self, bearer: str, stated: Stated) -> Admitted:
        caller = self._callers.of(bearer, stated)
        return caller, self._views.of(caller)
