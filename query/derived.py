"""A derived data set's SQL -> one checked statement over the relations of its owner's grants.

The SQL is one SELECT over the declared inputs and nothing else: no other table, no table function,
no setting, no file. Each input is replaced by the relation of the grant through which the owner may
read it, so that masks, places and filters hold for what is derived, too.
"""

from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from catalog.contracts import Contract
from catalog.domain import Derivation
from catalog.ids import DatasetCode
from catalog.predicate import Scalar
from query.errors import InvalidDerivation, UnlockedStatement
from query.lock import outside
from query.relation import ScopedRelation
from query.slots import Taken
from query.statement import LockedStatement

TEXT = exp.DataType.build("VARCHAR")
FUNCTIONS = (
    exp.Abs, exp.And, exp.ArgMax, exp.ArgMin, exp.Avg, exp.Case, exp.Cast, exp.Ceil, exp.Coalesce,
    exp.Concat, exp.Count, exp.CountIf, exp.DateDiff, exp.DenseRank, exp.Exists, exp.Extract,
    exp.FirstValue, exp.Floor, exp.Greatest, exp.If, exp.Lag, exp.LastValue, exp.Lead, exp.Least,
    exp.Left, exp.Length, exp.Lower, exp.Max, exp.Median, exp.Min, exp.Nullif, exp.Or, exp.Quantile,
    exp.Rank, exp.Replace, exp.Right, exp.Round, exp.RowNumber, exp.Sign, exp.StartsWith, exp.Stddev,
    exp.Substring, exp.Sum, exp.TimestampTrunc, exp.Trim, exp.Upper, exp.Variance,
)  # fmt: skip
"""What a derivation may call: the same inputs always give the same rows, and nothing else is read."""
FORBIDDEN = (
    exp.Command, exp.DDL, exp.DML, exp.Pragma, exp.Set, exp.Into, exp.Describe, exp.Summarize,
    exp.TableSample,
)  # fmt: skip


def parse_derivation(derivation: Derivation) -> exp.Query:
    """The parsed SELECT; InvalidDerivation says what is wrong with it."""
    try:
        statements = sqlglot.parse(derivation.sql, dialect="duckdb")
    except SqlglotError as wrong:
        raise InvalidDerivation(data_set=derivation.data_set, problem=str(wrong)) from wrong
    tree = statements[0] if statements else None
    if len(statements) != 1 or not isinstance(tree, exp.Query):
        raise InvalidDerivation(data_set=derivation.data_set, problem="it is not one SELECT.")
    for problem in _problems(tree, derivation):
        raise InvalidDerivation(data_set=derivation.data_set, problem=problem)
    return tree


def compile_derivation(
    derivation: Derivation,
    contract: Contract,
    relations: Mapping[DatasetCode, ScopedRelation],
) -> LockedStatement:
    """The statement that builds the rows as a source would give them: text, with file and line.

    The gate casts them to the contract's types, as it does for every other load.
    """
    tree = parse_derivation(derivation)
    parameters: dict[str, Scalar | Taken] = dict(derivation.parameters)
    ctes = _cte_names(tree)
    for table in list(tree.find_all(exp.Table)):
        if table.name in ctes:
            continue
        relation = relations[DatasetCode(table.name)]
        parameters |= relation.parameters
        table.replace(relation.tree.copy().subquery(exp.to_identifier(table.alias or table.name)))
    columns = [_text(column.name) for column in contract.columns]
    origin = exp.alias_(exp.Literal.string(derivation.data_set), "_file", quoted=True)
    line = exp.alias_(exp.Window(this=exp.RowNumber()), "_line", quoted=True)
    broken = exp.alias_(exp.Cast(this=exp.null(), to=TEXT.copy()), "_broken", quoted=True)
    built = exp.select(*columns, origin, line, broken).from_(tree.subquery("derived"))
    trees = [relation.tree for relation in relations.values()]
    for node in outside(built, trees):
        if isinstance(node, exp.Table) and node.name not in ctes:
            raise UnlockedStatement(f"{derivation.data_set} reads the table {node.name}")
    used = {p.name for p in built.find_all(exp.Parameter, exp.Placeholder)}
    return LockedStatement(
        built,
        {name: value for name, value in parameters.items() if name in used},
        frozenset(relations),
        single=False,
    )


def _text(name: str) -> exp.Expr:
    column = exp.column(exp.to_identifier(name, quoted=True))
    return exp.alias_(exp.Cast(this=column, to=TEXT.copy()), name, quoted=True)


def _problems(tree: exp.Query, derivation: Derivation) -> list[str]:
    ctes = _cte_names(tree)
    found = []
    if ctes & set(derivation.inputs):
        found.append("a WITH name hides an input.")
    for node in tree.walk():
        if isinstance(node, FORBIDDEN):
            found.append(f"{type(node).__name__} is not a SELECT.")
        elif isinstance(node, exp.Table):
            if not isinstance(node.this, exp.Identifier) or node.db:
                found.append("it reads something that is not an input.")
            elif node.name not in ctes and node.name not in derivation.inputs:
                found.append(f"{node.name} is not a declared input.")
        elif isinstance(node, exp.Func) and not isinstance(node, FUNCTIONS):
            found.append(f"the function {node.name or node.sql_name()} is not allowed.")
        elif isinstance(node, exp.With) and node.recursive:
            found.append("WITH RECURSIVE may never end.")
        elif isinstance(node, exp.Placeholder) and node.name not in derivation.parameters:
            found.append(f"the parameter ${node.name} is not declared.")
    return found


def _cte_names(tree: exp.Expr) -> set[str]:
    return {cte.alias for cte in tree.find_all(exp.CTE)}
