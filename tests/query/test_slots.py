"""Trees whose values come later are answered as the trees with the values in them."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import UserError
from catalog.predicate import Compare, Op, Scalar, Values
from catalog.slot import Slot
from query.compile import compile_read
from query.errors import WrongValue
from query.print import duckdb_text
from query.relation import Scope
from query.tree import Leaf, Read, ReadOne
from tests.noninterference.cases import any_case, show
from tests.noninterference.city import contracts
from tests.noninterference.conftest import stages
from tests.noninterference.questions import any_question
from tests.noninterference.stage import Stage
from tests.shared_data import READINGS, catalogue, grant

__all__ = ["stages"]

LISTS = (Op.IN, Op.NOT_IN)
UNFIT: tuple[Scalar, ...] = ("50x", 7, Decimal("1e30"), True, Decimal("NaN"))


class Emptied:
    """A tree with slots where values were, and those values. `whole`: lists become one slot."""

    def __init__(self, rng: Random, *, whole: bool = True, spoil: bool = False) -> None:
        self._rng = rng
        self._whole = whole
        self._spoil = spoil
        self.values: list[Scalar | tuple[Scalar, ...]] = []
        self.concrete: dict[int, Any] = {}

    def tree(self, node: Any) -> tuple[Any, Any]:
        """The part with slots, and with the values that were put there."""
        match node:
            case Compare(operand=operand, op=op) if op is not Op.IS_NULL:
                slots, values = self._operand(op, operand)
                return replace(node, operand=slots), replace(node, operand=values)
            case ReadOne(key=key):
                kept = [(name, *self._operand(Op.EQ, value)) for name, value in key]
                ours, theirs = self._parts(node)
                return (
                    replace(ours, key=tuple((name, slot) for name, slot, _ in kept)),
                    replace(theirs, key=tuple((name, value) for name, _, value in kept)),
                )
            case tuple():
                pairs = [self.tree(item) for item in node]
                return tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)
            case _ if is_dataclass(node) and not isinstance(node, type):
                return self._parts(node)
            case _:
                return node, node

    def _parts(self, node: Any) -> tuple[Any, Any]:
        pairs = {f.name: self.tree(getattr(node, f.name)) for f in fields(node) if f.name != "key"}
        return (
            replace(node, **{name: pair[0] for name, pair in pairs.items()}),
            replace(node, **{name: pair[1] for name, pair in pairs.items()}),
        )

    def _operand(self, op: Op, operand: Any) -> tuple[Any, Any]:
        if not isinstance(operand, tuple):
            return self._one(operand)
        if op in LISTS and operand and self._whole:
            values = tuple(self._value(value) for value in operand)
            return self._slot(values), values
        pairs = [self._one(value) for value in operand]
        return tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)

    def _one(self, value: Scalar) -> tuple[Any, Scalar]:
        value = self._value(value)
        return (self._slot(value), value) if self._rng.random() < 0.8 else (value, value)

    def _value(self, value: Scalar) -> Scalar:
        return self._rng.choice(UNFIT) if self._spoil and self._rng.random() < 0.3 else value

    def _slot(self, value: Scalar | tuple[Scalar, ...]) -> Slot:
        self.values.append(value)
        return Slot(len(self.values) - 1)


def came(stage: Stage, tree: Read | ReadOne, scope: Scope, as_of: datetime | None, values: Values) -> object:  # fmt: skip
    """What it is answered or refused with."""
    try:
        with stage.warehouse.session(as_of) as session:
            return session.read(compile_read(tree, scope, session.at), values)
    except UserError as refused:
        return type(refused), str(refused)


def refusal(call: Callable[[], object]) -> object:
    """The words of a WrongValue."""
    try:
        call()
    except WrongValue as wrong:
        return wrong.message_en, wrong.message_zh
    return None


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), whole=st.booleans())
def test_a_tree_with_slots_is_answered_as_the_tree_with_its_values(
    seed: int, whole: bool, stages: tuple[Stage, Stage]
) -> None:
    rng = Random(seed)  # noqa: S311 - nothing here is a secret
    case = any_case(rng)
    show(case, stages)
    scope = case.ours.scope(case.grants)
    for question in case.questions:
        emptied = Emptied(rng, whole=whole)
        slots, tree = emptied.tree(question.tree)
        ours = came(stages[0], slots, scope, question.as_of, tuple(emptied.values))
        assert ours == came(stages[0], tree, scope, question.as_of, ())


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_only_the_values_of_its_lists_make_a_statement_differ(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - nothing here is a secret
    case = any_case(rng)
    scope = case.ours.scope(case.grants)
    tree, _ = any_question(rng, scope, contracts())
    emptied = Emptied(rng, whole=False)
    slots, concrete = emptied.tree(tree)
    try:
        statement = compile_read(concrete, scope)
    except UserError:
        return
    template = compile_read(slots, scope)
    assert duckdb_text(template.tree) == duckdb_text(statement.tree)
    assert template.bound(tuple(emptied.values)) == statement.bound()
    assert (template.columns, template.data_sets) == (statement.columns, statement.data_sets)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), whole=st.booleans())
def test_a_value_that_does_not_fit_is_refused_in_a_slot_with_the_same_words(
    seed: int, whole: bool
) -> None:
    rng = Random(seed)  # noqa: S311 - nothing here is a secret
    case = any_case(rng)
    scope = case.ours.scope(case.grants)
    tree, _ = any_question(rng, scope, contracts())
    emptied = Emptied(rng, whole=whole, spoil=True)
    slots, concrete = emptied.tree(tree)
    try:
        template = compile_read(slots, scope)
    except UserError:
        with pytest.raises(UserError):
            compile_read(concrete, scope)
        return
    assert refusal(lambda: template.bound(tuple(emptied.values))) == refusal(
        lambda: compile_read(concrete, scope)
    )


def test_a_statement_with_slots_is_compiled_once_for_all_values() -> None:
    scope = Scope(catalogue(), [grant(READINGS, ["station_code", "level_m"])], "key")
    tree = Read(READINGS, (Leaf("l", "level_m"),), Compare("station_code", Op.EQ, Slot(0)))
    again = Read(READINGS, (Leaf("l", "level_m"),), Compare("station_code", Op.EQ, Slot(0)))
    assert compile_read(tree, scope) is compile_read(again, scope)
    assert compile_read(tree, scope).bound(("A",)) == {"p0": "A"}


def test_a_slot_has_nothing_that_a_value_has() -> None:
    slot = Slot(3)
    assert slot == Slot(3)
    assert slot != Slot(4)
    looks: tuple[Callable[[Any], object], ...] = (bool, str, int, float, len, iter)
    for look in looks:
        with pytest.raises(TypeError):
            look(slot)
    with pytest.raises(TypeError):
        _ = slot == "A"


def test_a_list_goes_into_the_slot_of_a_list_and_one_value_into_the_others() -> None:
    scope = Scope(catalogue(), [grant(READINGS, ["station_code", "level_m"])], "key")
    for op, value in ((Op.IN, "A"), (Op.EQ, ("A",))):
        where = Compare("station_code", op, Slot(0))
        statement = compile_read(Read(READINGS, (Leaf("l", "level_m"),), where), scope)
        with pytest.raises(TypeError):
            statement.bound((value,))
