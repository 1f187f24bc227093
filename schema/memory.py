"""What an operation comes to without a place, a thread or a statement: kept answers, or the row mirror.

Rules: it answers an operation whole or leaves it to the reading, which says what is wrong where something
is; all its fields are of one moment, the one that the engine tells once; it takes only operations whose
template has run before and was read for now, under one purpose, from published data sets that depend on
nobody else's grants. Nothing here blocks, but for who asks for many rows.
"""

from collections.abc import Mapping

from catalog.errors import UserError
from catalog.ids import DatasetCode, Seq
from catalog.predicate import Values
from query.compile import compile_read
from query.statement import LockedStatement
from schema.data.kept import Kept, KeptAnswers, versions_of
from schema.data.plan import Counting, counting_of
from schema.purpose import check_one_purpose
from schema.templates import Filled, Moment, Ready, Template
from warehouse.engine import Engine, RowMirror


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
        template, published = filled.template, self._engine.published
        last = template.moment
        if last is not None and last.published is published:
            return last
        ready = template.ready
        if ready is None or published is None:
            return None
        known = published.publications
        if not known.keys() >= set(ready.data_sets):
            return None
        found = {code: known[code] for code in ready.data_sets}
        seqs = {code: publication.seq for code, publication in found.items()}
        template.moment = Moment(ready, published, found, seqs)
        return template.moment

    def mirrors(self, moment: Moment) -> bool:
        """Whether the row mirror would try to answer it."""
        mirror = self._engine.mirror
        statements = (statement for statement, _ in moment.ready.statements.values())
        return mirror is not None and mirror.takes(statements, moment.seqs)

    def read(self, moment: Moment, values: Values, rows: int = 0) -> Mapping[str, Kept] | None:
        """The answer of each data field; None: it has to be read. `rows`: so many that it does not belong on
        the event loop.
        """
        statements, seqs = moment.ready.statements, moment.seqs
        found: dict[str, Kept] = {}
        for name, (statement, _) in statements.items():
            kept = self._kept.get(statement, values, versions_of(statement, seqs))
            if kept is not None:
                found[name] = kept
        if len(found) == len(statements):
            return found
        missing = statements
        if found:
            missing = {name: each for name, each in statements.items() if name not in found}
        mirror = self._engine.mirror
        mirrored = None if mirror is None else self._mirrored(mirror, missing, values, seqs, rows)
        return None if mirrored is None else found | mirrored

    def _mirrored(
        self,
        mirror: RowMirror,
        missing: Mapping[str, tuple[LockedStatement, Counting]],
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
        for (name, (statement, count)), answer in zip(missing.items(), answers, strict=True):
            found[name] = Kept(answer.content, count(answer))
            self._kept.keep(statement, values, versions_of(statement, seqs), found[name])
        return found


def ready_of(template: Template) -> Ready | None:
    """None where only a reading may answer it."""
    plan, scope = template.plan, template.scope
    if plan.whole is None or plan.refused or plan.as_of is not None or not plan.fields:
        return None
    try:
        statements = {
            name: (compile_read(planned.tree, scope), counting_of(planned.tree))
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
    return Ready(plan.whole, statements, data_sets, grants, told)
