"""What a grant hides changes nothing that its holder is answered from the row mirror either."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.errors import UserError
from catalog.mirror import MirroredRows, SortedColumn
from catalog.sharing.grant import Grant
from query.compile import compile_read
from tests.noninterference.cases import Question, numbered_case, same_answer, show
from tests.noninterference.city import contracts
from tests.noninterference.stage import Stage
from tests.noninterference.worlds import World
from tests.shared_data import READINGS, STATIONS
from tests.warehouse.mirror.both import Copy

CASES = 40
BY_PLACE = (SortedColumn("place_code"), SortedColumn("level_m", descending=True))
DECLARED = {STATIONS: MirroredRows(), READINGS: MirroredRows((BY_PLACE,))}


@pytest.fixture
def copies(stages: tuple[Stage, Stage], tmp_path: Path) -> Iterator[tuple[Copy, Copy]]:
    declared = {code: replace(c, mirror=DECLARED[code]) for code, c in contracts().items()}
    ours, theirs = (
        Copy(stage.warehouse, stage.landing / "mirror", tmp_path / f"{number}.sqlite", declared)
        for number, stage in enumerate(stages)
    )
    yield ours, theirs
    ours.close()
    theirs.close()


def test_both_worlds_are_answered_from_their_mirrors_as_by_their_engines(
    stages: tuple[Stage, Stage], copies: tuple[Copy, Copy]
) -> None:
    """For which the proof is."""
    seen: Counter[str] = Counter()
    for number in range(CASES):
        case = numbered_case(number)
        show(case, stages)
        for copy in copies:
            copy.follow()
        for question in case.questions:
            now = replace(question, as_of=None)
            told = same_answer(case, now, stages).content
            for copy, world in zip(copies, (case.ours, case.theirs), strict=True):
                found = mirrored(copy, world, now, case.grants)
                assert found in {None, told}, f"{now}\n{told!r}\n{found!r}"
                seen["answered" if found else "left to the engine"] += 1
                seen["rows"] += found is not None and found.startswith((b"[{", b'{"'))
    assert seen["answered"] > CASES / 2, seen
    assert seen["rows"] > CASES / 6, seen


def mirrored(
    copy: Copy, world: World, question: Question, grants: tuple[Grant, ...]
) -> bytes | None:
    """What leaves the hub, as `cases.answer` has it."""
    try:
        answer = copy.answer(compile_read(question.tree, world.scope(grants)))
    except UserError:
        return None
    return None if answer is None else answer.content + b" in rows: %d" % answer.rows
