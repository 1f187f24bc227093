"""The grants that an operation is going to read through, known before any of it runs."""

from catalog.errors import UserError
from catalog.ids import DatasetCode
from catalog.sharing.grant import Grant
from query.compile import compile_read
from query.relation import Scope
from schema.data.planning import Plan


def grants_of(plan: Plan, scope: Scope) -> list[Grant]:
    """Of every data set that the plan's statements read, and every interface as often as it is asked.
    Blocking; what is compiled here is kept for the run.
    """
    asked = [call.interface for call in plan.calls.values()]
    found: set[DatasetCode] = set()
    for planned in plan.fields.values():
        try:
            found |= compile_read(planned.tree, scope).data_sets
        except UserError:
            continue  # told where the field stands
    return [scope.grant(code) for code in sorted([*found, *asked])]
