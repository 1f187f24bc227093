"""Tree x scope -> one SQL statement, checked by the second lock and kept with its scope.

A tree with slots is one statement for all their values, and the same that any of them would make, but
for a list that is one parameter. Output values are in the form JSON wants: decimals, 64-bit integers and place codes as text.
"""

from catalog.ids import Seq
from catalog.predicate import And, Compare, Op
from query.aggregate import Aggregate
from query.block import Draft
from query.connection import connection
from query.groups import aggregate
from query.lock import lock
from query.relation import Scope
from query.rows import rows
from query.statement import LockedStatement
from query.tree import MAX_ROWS, Connection, Read, ReadOne, Tree
from query.value import Shown, json_ready

KEPT_STATEMENTS = 256


def compile_read(tree: Tree, scope: Scope, at: Seq | None = None) -> LockedStatement:
    """The statement that answers the tree within the scope, now or as of version `at`.

    A scope never changes, so what was compiled for it is kept with it.
    """
    known = scope.statements.get((tree, at))
    if known is None:
        if len(scope.statements) >= KEPT_STATEMENTS:
            scope.statements.clear()
        known = scope.statements[tree, at] = compiled(tree, scope, at)
    return known


def compiled(
    tree: Tree,
    scope: Scope,
    at: Seq | None,
    shown: Shown = json_ready,
    most: int = MAX_ROWS,
) -> LockedStatement:
    """`shown`: in what form values leave (`query/value.py`); `most`: rows of the outer list."""
    draft = Draft(scope, at, shown, most)
    match tree:
        case Read():
            statement = rows(draft, tree)
        case ReadOne():
            statement = rows(draft, _by_key(tree))
        case Connection():
            statement = connection(draft, tree)
        case Aggregate():
            statement = aggregate(draft, tree)
    return lock(
        statement,
        scope=scope,
        at=at,
        data_sets=frozenset(draft.data_sets),
        columns=frozenset(draft.columns),
        small=frozenset(draft.small),
        parameters=draft.bound(),
        single=isinstance(tree, ReadOne | Connection),
        most=most,
    )


def _by_key(one: ReadOne) -> Read:
    terms = tuple(Compare(column, Op.EQ, value) for column, value in one.key)
    return Read(one.data_set, one.selection, And(terms), limit=1)
