"""What passes between query and warehouse: a statement that was compiled, checked and bound."""

from dataclasses import dataclass

from sqlglot import exp

from catalog.ids import DatasetCode
from catalog.predicate import Scalar


@dataclass(frozen=True, slots=True)
class LockedStatement:
    """Only `query/lock.py` makes one. `parameters` are bound as `$p0`, `$p1` ... of the tree."""

    tree: exp.Expression
    parameters: tuple[Scalar, ...]
    data_sets: frozenset[DatasetCode]
    single: bool
    """Whether the reply is one object or null, not a list."""
