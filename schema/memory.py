"""What an operation comes to without a place, a thread or a statement: kept answers, or the row mirror.

Rules: it answers an operation whole or leaves it to the reading, which says what is wrong where something
is; all its fields are of one moment, the one that the engine tells once; it takes only operations whose
template has run before and was read for now, under one purpose, from published data sets that depend on
nobody else's grants. Nothing here blocks, but for who asks for many rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.errors import UserError
from catalog.ids import DatasetCode, Seq
from catalog.predicate import Values
from query.compile import compile_read
from query.statement import LockedStatement
from query.tree import Tree
from schema.data.kept import Kept, KeptAnswers, versions_of
from schema.data.plan import rows_in
from schema.data.whole import Data, put_together
from schema.purpose import check_one_purpose
from schema.templates import Filled, Ready, Template
from warehouse.engine import Engine, Publication, Published, RowMirror


@dataclass(frozen=True, slots=True)
class Remembered:
    """An operation's data, and how many rows were read for it."""

    data: Data
    fields: tuple[str, ...]
    """The data fields among them."""
    rows: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A template that may be answered from memory, and what of its data sets is published."""

    ready: Ready
    published: Published
    publications: Mapping[DatasetCode, Publication]

    @property
    def seqs(self) -> dict[DatasetCode, Seq]:
        return {code: publication.seq for code, publication in self.publications.items()}


class Memory:
    """For one event loop."""

    def __init__(self, engine: Engine, kept: KeptAnswers) -> None:
        self._engine = engine
        self._kept = kept
        engine.listen(kept.forget)

    def learn(self, template: Template) -> None:
        """The template has been read, so its statements are compiled."""
        if template.ready is None:
            template.ready = ready_of(template)

    def now(self, filled: Filled) -> Moment | None:
        """What it would be read from now; None: that is not known without reading."""
        ready, published = filled.template.ready, self._engine.published
        if ready is None or published is None:
            return None
        known = published.publications
        try:
            return Moment(ready, published, {code: known[code] for code in ready.data_sets})
        except KeyError:
            return None

    def mirrors(self, moment: Moment) -> bool:
        """Whether the row mirror would try to answer it."""
        mirror = self._engine.mirror
        statements = (statement for statement, _ in moment.ready.statements.values())
        return mirror is not None and mirror.takes(statements, moment.seqs)

    def read(self, filled: Filled, moment: Moment, rows: int = 0) -> Remembered | None:
        """None: it has to be read. `rows`: so many that it does not belong on the event loop."""
        ready, roots, seqs = moment.ready, filled.plan.whole, moment.seqs
        found = None if roots is None else self._found(ready, filled.plan.values, seqs, rows)
        if found is None or roots is None:
            return None
        data, _ = put_together(roots, {name: kept.content for name, kept in found.items()}, [])
        if data is None:
            return None
        rows = sum(kept.rows for kept in found.values())
        return Remembered(data, tuple(found), rows)

    def _found(
        self, ready: Ready, values: Values, seqs: Mapping[DatasetCode, Seq], rows: int
    ) -> Mapping[str, Kept] | None:
        """Every field's answer, of these versions."""
        found: dict[str, Kept] = {}
        for name, (statement, _) in ready.statements.items():
            kept = self._kept.get(statement, values, versions_of(statement, seqs))
            if kept is not None:
                found[name] = kept
        missing = {name: each for name, each in ready.statements.items() if name not in found}
        if not missing:
            return found
        mirror = self._engine.mirror
        mirrored = None if mirror is None else self._mirrored(mirror, missing, values, seqs, rows)
        return None if mirrored is None else found | mirrored

    def _mirrored(
        self,
        mirror: RowMirror,
        missing: Mapping[str, tuple[LockedStatement, Tree]],
        values: Values,
        seqs: Mapping[DatasetCode, Seq],
        rows: int,
    ) -> dict[str, Kept] | None:
        try:
            asked = [(statement, statement.bound(values)) for statement, _ in missing.values()]
        except UserError:  # the reading tells it where it stands
            return None
        answers = mirror.read(asked, seqs, rows)
        if answers is None:
            return None
        found: dict[str, Kept] = {}
        for (name, (statement, tree)), answer in zip(missing.items(), answers, strict=True):
            found[name] = Kept(answer.content, rows_in(tree, answer))
            self._kept.keep(statement, values, versions_of(statement, seqs), found[name])
        return found


def ready_of(template: Template) -> Ready | None:
    """None where only a reading may answer it."""
    plan, scope = template.plan, template.scope
    if plan.whole is None or plan.refused or plan.as_of is not None or not plan.fields:
        return None
    try:
        statements = {
            name: (compile_read(planned.tree, scope), planned.tree)
            for name, planned in plan.fields.items()
        }
        data_sets = tuple(
            sorted({code for each, _ in statements.values() for code in each.data_sets})
        )
        grants = tuple(scope.grant(code) for code in data_sets)
        check_one_purpose(grants)
    except UserError:
        return None
    if any(code in scope.catalogue.derivations for code in data_sets):
        return None
    columns: dict[DatasetCode, set[str]] = {code: set() for code in data_sets}
    for statement, _ in statements.values():
        for code, column in statement.columns:
            columns[code].add(column)
    told = {code: tuple(sorted(names)) for code, names in columns.items()}
    return Ready(statements, data_sets, grants, told)
