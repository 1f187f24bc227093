"""From a contract to its rules: those it declares, with every argument checked, and those it implies.

Implied rules need no words in a contract: its types, required columns, key, datums and the times in
its key say them already. They set rows apart (warning); a declared rule says its own severity.
A mistake in a declared rule is a DeclarationError that names the rule's line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import InvalidOperation
from typing import NoReturn

from catalog.contracts import Column, Contract, Dimension, Kind, RuleDeclaration, Severity
from catalog.errors import DeclarationError
from catalog.ids import DatasetCode, RuleId
from quality.argument import Argument, greater, read_argument
from quality.vocabulary import VOCABULARY, Entry, Reach, Shape
from warehouse.engine import ReferenceRule
from warehouse.publish import KEY_CLASH, OVERTAKEN_ID

STRUCTURE = "structure"
TYPE = "type"
REQUIRED = "required"
FUTURE = "future"
DATUM = "vitalhub_datum_present"
KEY_UNIQUE = "key_unique"
NOT_EMPTY = "not_empty"
"""Of the implied rules, those that a later check may answer differently."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with typed arguments. `columns` are the columns it reads, its own first."""

    id: RuleId
    expectation: str
    reach: Reach
    column: str | None
    columns: tuple[str, ...]
    arguments: Mapping[str, Argument]
    dimension: Dimension
    severity: Severity
    tolerance: float = 0.0
    description: str = ""
    implied: bool = False


def rules_of(contract: Contract) -> tuple[Rule, ...]:
    """The implied rules, then the declared ones, each once."""
    return (*implied_rules(contract), *declared_rules(contract))


def declared_rules(contract: Contract) -> tuple[Rule, ...]:
    """DeclarationError at the first rule that is wrong."""
    return tuple(_Declared(contract, rule).rule() for rule in contract.rules)


def reference_rules(contract: Contract) -> tuple[ReferenceRule, ...]:
    """The rules that the publish step runs, because they need other published data."""
    return tuple(
        ReferenceRule(
            rule_id=rule.id,
            columns=rule.columns,
            target=DatasetCode(str(rule.arguments["data_set"])),
            target_columns=texts(rule.arguments["target_columns"]),
            severity=rule.severity,
            tolerance=rule.tolerance,
        )
        for rule in declared_rules(contract)
        if rule.expectation == "vitalhub_reference"
    )


def implied_rules(contract: Contract) -> tuple[Rule, ...]:
    """STRUCTURE is always first: the other rules do not look at a row that it fails. NOT_EMPTY is
    the only critical one.
    """
    rules = [_implied(STRUCTURE, Reach.ROW, Dimension.CONFORMITY)]
    for column in contract.columns:
        if column.type.kind is not Kind.STRING:
            rules.append(_implied(TYPE, Reach.ROW, Dimension.CONFORMITY, column.name))
        if column.required or column.name in contract.key:
            rules.append(_implied(REQUIRED, Reach.ROW, Dimension.COMPLETENESS, column.name))
        if column.datum_column is not None:
            names = (column.name, column.datum_column)
            rules.append(_implied(DATUM, Reach.ROW, Dimension.CONSISTENCY, *names))
        if column.name in contract.key and column.type.kind is Kind.TIMESTAMP:
            rules.append(_implied(FUTURE, Reach.ROW, Dimension.ACCURACY, column.name))
    rules.append(_implied(KEY_UNIQUE, Reach.DUPLICATES, Dimension.UNIQUENESS, *contract.key))
    not_empty = _implied(NOT_EMPTY, Reach.BATCH, Dimension.COMPLETENESS)
    rules.append(replace(not_empty, severity=Severity.CRITICAL))
    return tuple(rules)


def binding_rules(contract: Contract) -> frozenset[RuleId]:
    """The rules that no decision of a person can waive: what breaks them is not this data set."""
    implied = {rule.id for rule in implied_rules(contract)}
    return frozenset({*implied, KEY_CLASH, OVERTAKEN_ID})


def texts(argument: Argument) -> tuple[str, ...]:
    return tuple(str(v) for v in argument) if isinstance(argument, tuple) else (str(argument),)


def _implied(name: str, reach: Reach, dimension: Dimension, *columns: str) -> Rule:
    alone = len(columns) == 1 or name == DATUM
    return Rule(
        id=RuleId(f"{name}:{columns[0]}" if columns and alone else name),
        expectation=name,
        reach=reach,
        column=columns[0] if columns and alone else None,
        columns=columns,
        arguments={},
        dimension=dimension,
        severity=Severity.WARNING,
        implied=True,
    )


class _Declared:
    """One declared rule on its way to a Rule."""

    def __init__(self, contract: Contract, declaration: RuleDeclaration) -> None:
        self.contract = contract
        self.declaration = declaration
        self.arguments = dict(declaration.arguments)

    def rule(self) -> Rule:
        declared = self.declaration
        entry = VOCABULARY.get(declared.expectation)
        if entry is None:
            self.refuse(f"{declared.expectation} is not a known rule type.")
        if not 0 <= declared.tolerance < 1:
            self.refuse("tolerance is a share of rows from 0 to below 1.")
        column = self.column(entry)
        arguments = self.checked(entry, column)
        return Rule(
            id=declared.id,
            expectation=declared.expectation,
            reach=entry.reach,
            column=column.name if column else None,
            columns=self.columns(declared.expectation, column, arguments),
            arguments=arguments,
            dimension=declared.dimension,
            severity=declared.severity,
            tolerance=declared.tolerance,
            description=declared.description,
        )

    def column(self, entry: Entry) -> Column | None:
        named = self.arguments.pop("column", None) if entry.on_column else None
        name = self.declaration.column or named
        if not entry.on_column:
            return None
        if not isinstance(name, str) or not self.contract.has_column(name):
            self.refuse(f"{self.declaration.expectation} names no column of the contract.")
        if named not in (None, name):
            self.refuse(f"stands on the column {name} and names the column {named}.")
        return self.contract.column(name)

    def columns(
        self, expectation: str, column: Column | None, arguments: Mapping[str, Argument]
    ) -> tuple[str, ...]:
        if column is not None:
            datum = column.datum_column if expectation == DATUM else None
            if expectation == DATUM and datum is None:
                self.refuse(f"{column.name} has no datumColumn to look at.")
            return (column.name, datum) if datum else (column.name,)
        names = [
            name
            for argument in ("column_A", "column_B", "column_list", "columns")
            if argument in arguments
            for name in texts(arguments[argument])
        ]
        return tuple(names)

    def checked(self, entry: Entry, column: Column | None) -> dict[str, Argument]:
        known = {**entry.needs, **entry.takes}
        for name in self.arguments:
            if name == "mostly":
                self.refuse("state the custom property tolerance (1 - mostly) instead of mostly.")
            if name not in known:
                self.refuse(f"{self.declaration.expectation} has no argument {name}.")
        for name in entry.needs:
            if self.arguments.get(name) is None:
                self.refuse(f"{self.declaration.expectation} needs the argument {name}.")
        given = {name: value for name, value in self.arguments.items() if value is not None}
        if entry.one_of and not any(name in given for name in entry.one_of):
            self.refuse(f"{self.declaration.expectation} needs {' or '.join(entry.one_of)}.")
        arguments = {n: self.argument(n, v, known[n], column) for n, v in given.items()}
        low, high = (arguments.get(name) for name in ("min_value", "max_value"))
        if low is not None and high is not None and greater(low, high):
            self.refuse("min_value is greater than max_value.")
        own, other = arguments.get("columns"), arguments.get("target_columns")
        if own is not None and other is not None and len(texts(own)) != len(texts(other)):
            self.refuse("columns and target_columns name as many columns.")
        return arguments

    def argument(self, name: str, value: object, shape: Shape, column: Column | None) -> Argument:
        many = shape in (Shape.VALUES, Shape.TEXTS, Shape.REGEXES, Shape.COLUMNS, Shape.NAMES)
        items: Sequence[object] = value if many and isinstance(value, list | tuple) else [value]
        if many and (not isinstance(value, list | tuple) or not value):
            self.refuse(f"{name} is {shape.value}, and not empty.")
        try:
            kind = column.type.kind if column else None
            found = tuple(read_argument(item, shape, kind) for item in items)
        except (ValueError, TypeError, InvalidOperation):
            wanted = f" ({column.type.kind})" if column else ""
            self.refuse(f"{name}: {value!r} is not {shape.value}{wanted}.")
        if shape in (Shape.COLUMN, Shape.COLUMNS):
            for item in found:
                if not self.contract.has_column(str(item)):
                    self.refuse(f"{name} names {item}, which is no column of the contract.")
        return found if many else found[0]

    def refuse(self, problem: str) -> NoReturn:
        file = f"{self.contract.data_set}.odcs.yaml"
        declared = self.declaration
        raise DeclarationError(file, declared.line, f"rule {declared.id}: {problem}")
