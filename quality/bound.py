"""The values of one statement: the tree holds `$p0`, `$p1` ..., never a value itself."""

from collections.abc import Iterable

from sqlglot import exp

from catalog.predicate import Scalar


class Bound:
    """Collects the values that a statement is run with, in the order of their placeholders."""

    def __init__(self) -> None:
        self._values: list[Scalar] = []

    @property
    def values(self) -> tuple[Scalar, ...]:
        return tuple(self._values)

    def value(self, value: Scalar) -> exp.Placeholder:
        self._values.append(value)
        return exp.Placeholder(this=f"p{len(self._values) - 1}")

    def list(self, values: Iterable[Scalar]) -> list[exp.Placeholder]:
        return [self.value(value) for value in values]
