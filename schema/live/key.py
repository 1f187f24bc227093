"""When two readers ask the same: the same words under the same grants, within the same bounds."""

from dataclasses import dataclass

import orjson

from schema.allowance import Allowance
from schema.caller import Caller
from schema.reply import Request


@dataclass(frozen=True, slots=True)
class LiveKey:
    """What two readers must have in common to share one execution. `catalogue` is the object that the
    scope was made from, which lives as long as a reader of the query.
    """

    catalogue: int
    scope: str
    allowance: Allowance
    query: str
    operation: str | None
    variables: bytes


def live_key(request: Request, caller: Caller, allowance: Allowance) -> LiveKey:
    variables = orjson.dumps(request.variables, option=orjson.OPT_SORT_KEYS)
    scope = caller.scope
    return LiveKey(
        catalogue=id(scope.catalogue),
        scope=scope.whole_key,
        allowance=allowance,
        query=request.query,
        operation=request.operation_name,
        variables=variables,
    )
