"""What a grant shows is shown: answering nothing would interfere with nothing, too."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import pytest

from catalog.clock import CITY_ZONE
from catalog.contracts import Contract, Kind
from catalog.places import unpadded
from catalog.predicate import Scalar
from catalog.sharing.grant import Grant
from query.tree import Leaf, Read
from tests.noninterference.cases import Question, answer, numbered_case
from tests.noninterference.city import Row, contracts, mask
from tests.noninterference.shown import masked_columns, part_of, shown_columns
from tests.noninterference.stage import SECOND, Stage

VERSIONS = {None: 2, SECOND: 1}


@pytest.mark.parametrize("as_of", VERSIONS, ids=["now", "as of then"])
def test_a_read_of_everything_shows_what_the_grant_says(
    stages: tuple[Stage, Stage], as_of: datetime | None
) -> None:
    rows = 0
    for number in range(20):
        case = numbered_case(number)
        stages[0].show(case.ours)
        scope = case.ours.scope(case.grants)
        for grant in (grant for grant in case.grants if grant.data_set in scope.data_sets):
            columns = list(scope.columns(grant.data_set))
            tree = Read(grant.data_set, tuple(Leaf(name, name) for name in columns))
            content = answer(
                stages[0], Question(tree, as_of, after_a_neighbour=False), scope
            ).content
            state = case.ours.history[grant.data_set][VERSIONS[as_of]]
            wanted = expected(grant, contracts()[grant.data_set], columns, state)
            assert in_any_order(orjson.loads(content.split(b" in rows: ")[0])) == in_any_order(
                wanted
            )
            rows += len(wanted)
    assert rows > 50


def expected(
    grant: Grant, contract: Contract, columns: Sequence[str], state: Sequence[Row]
) -> list[dict[str, object]]:
    masked, found = masked_columns(grant, contract), []
    for row in state:
        part = part_of(grant, contract, row)
        if part is not None:
            shown = {name: row[name] for name in shown_columns(part, contract)}
            found.append(
                {
                    name: seen(shown.get(name), contract.column(name).type.kind, name in masked)
                    for name in columns
                }
            )
    return found


def seen(value: Scalar | None, kind: Kind, masked: bool) -> object:
    if isinstance(value, datetime):
        value = value.astimezone(CITY_ZONE)
        return mask(value.strftime("%Y-%m-%d %H:%M:%S+08")) if masked else value.isoformat()
    if masked or value is None:
        return mask(value)
    if kind is Kind.PLACE:
        return unpadded(int(str(value)))
    return str(value) if kind is Kind.DECIMAL else value


def in_any_order(rows: list[dict[str, Any]]) -> list[bytes]:
    return sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in rows)
