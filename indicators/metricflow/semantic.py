"""Semantic models: a data set, what its columns are called, and by which of them other models are found.

A name that is asked for through an entity (`listing__is_lux`) leads from one model to the one that has the
entity as its primary one: many to one, by the whole key. Other ways are refused: by a column that is merely
unique, by periods of validity, with partitions on both sides.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.ids import DatasetCode
from catalog.indicators.period import Grain
from indicators.metricflow.filters import Element
from indicators.metricflow.formulas import column
from indicators.metricflow.refusal import Body, Refused, Stated, bodies, mapping, only

SAID = ("name", "description", "label", "config", "metadata")
CODE = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
GRAINS = {str(grain): grain for grain in Grain if grain is not Grain.FIVE_MINUTES}
FINER = frozenset({"minute", "second", "millisecond", "microsecond", "nanosecond"})
METRIC_TIME = "metric_time"


@dataclass(frozen=True, slots=True)
class Dimension:
    """`grain` of a time dimension, else None. What is finer than an hour is counted by the hour."""

    name: str
    column: str
    grain: Grain | None


@dataclass(frozen=True, slots=True)
class Entity:
    name: str
    column: str
    type: str


@dataclass(frozen=True, slots=True)
class Link:
    """A relation that the contract of `source` needs, so that its rows find one of `target` each."""

    name: str
    source: DatasetCode
    column: str
    target: DatasetCode
    target_column: str


@dataclass(frozen=True, slots=True)
class SemanticModel:
    """`own`: the name of the primary entity, whether or not it has a column."""

    name: str
    data_set: DatasetCode
    dimensions: Mapping[str, Dimension]
    entities: Mapping[str, Entity]
    own: str | None
    default_time: str | None
    measures: Mapping[str, Body]
    partitioned: bool
    dated: bool
    """Whether its rows hold for a time only (validity)."""

    @property
    def key(self) -> Entity | None:
        return next((e for e in self.entities.values() if e.type == "primary"), None)


def read_model(stated: Stated) -> SemanticModel:
    """Refused at the first thing that has no place here."""
    body = stated.body
    only(
        body, *SAID, "node_relation", "defaults", "measures", "dimensions", "entities", "primary_entity"
    )  # fmt: skip
    dimensions = [_dimension(each, n) for n, each in _members(body, "dimensions")]
    entities = [_entity(each, n) for n, each in _members(body, "entities")]
    defaults = mapping(body.get("defaults") or {}, ("defaults",))
    only(defaults, "agg_time_dimension", path=("defaults",))
    key = next((e.name for e in entities if e.type == "primary"), None)
    raw = [each for _, each in _members(body, "dimensions")]
    return SemanticModel(
        name=stated.name,
        data_set=_data_set(mapping(body.get("node_relation"), ("node_relation",))),
        dimensions={each.name: each for each in dimensions},
        entities={each.name: each for each in entities},
        own=key or _text(body.get("primary_entity")),
        default_time=_text(defaults.get("agg_time_dimension")),
        measures={str(each.get("name")): each for _, each in _members(body, "measures")},
        partitioned=any(each.get("is_partition") for each in raw),
        dated=any("validity_params" in _type_params(each) for each in raw),
    )


class Models:
    """All that could be read, and the ways between them."""

    def __init__(self, models: Iterable[SemanticModel]) -> None:
        self.by_name: Mapping[str, SemanticModel] = {model.name: model for model in models}
        self.links = tuple(self._links())

    def column(self, base: SemanticModel, named: Element, time: str) -> str:
        """As a definition over the base model's rows names it. `time`: what `metric_time` is there."""
        if named.name == METRIC_TIME:
            self._check_grain(base.dimensions[time], named)
            return base.dimensions[time].column
        *path, name = named.name.split("__")
        if named.kind == "Entity":
            return self._entity(base, path, name)
        if path and path[0] == base.own:
            path = path[1:]
        elif not path:
            raise Refused(f"{named.name} names no entity; write {base.own}__{named.name}.")
        model = self._reached(base, path, name)
        found = model.dimensions[name]
        if named.kind == "TimeDimension":
            self._check_grain(found, named)
        if not found.column:
            raise Refused(
                f"{named.name} is an expression; share a data set that has it as a column."
            )
        return found.column if model is base else f"{model.data_set}.{found.column}"

    def via(self, base: SemanticModel, named: Sequence[Element]) -> tuple[str, ...]:
        """The relations to walk, where a data set can be reached by several."""
        targets = [link.target for link in self.links if link.source == base.data_set]
        if len(set(targets)) == len(targets):
            return ()
        walked = {name for each in named for name in self._walked(base, each)}
        return tuple(sorted(walked))

    def _walked(self, base: SemanticModel, named: Element) -> Iterator[str]:
        *path, name = named.name.split("__")
        if named.kind == "Entity" or named.name == METRIC_TIME or path[:1] == [base.own]:
            return
        model = base
        for step, entity in enumerate(path):
            there = self._next(model, entity, name if step == len(path) - 1 else None)
            yield from (
                link.name
                for link in self.links
                if (link.source, link.target) == (model.data_set, there.data_set)
                and link.column == model.entities[entity].column
            )
            model = there

    def _entity(self, base: SemanticModel, path: Sequence[str], name: str) -> str:
        found = base.entities.get(name)
        if path or found is None or not found.column:
            raise Refused(f"the entity {name} is no column of {base.data_set}.")
        return found.column

    def _reached(self, base: SemanticModel, path: Sequence[str], name: str) -> SemanticModel:
        model = base
        for step, entity in enumerate(path):
            wanted = name if step == len(path) - 1 else None
            model = self._next(model, entity, wanted)
        if name not in model.dimensions:
            raise Refused(f"{model.name} has no dimension {name}.")
        return model

    def _next(self, model: SemanticModel, entity: str, dimension: str | None) -> SemanticModel:
        if entity not in model.entities:
            raise Refused(f"{model.name} has no entity {entity}.")
        holders = [m for m in self.by_name.values() if m is not model and entity in m.entities]
        having = [m for m in holders if dimension is None or dimension in m.dimensions]
        by_key = [m for m in having if m.entities[entity].type == "primary"]
        if not by_key:
            unique = any(m.entities[entity].type == "unique" for m in having)
            why = "only by a column that is unique but no key" if unique else "by no key"
            raise Refused(f"{dimension or entity} is reached over {entity} {why}.")
        if len(by_key) > 1:
            names = ", ".join(sorted(m.name for m in by_key))
            raise Refused(f"{entity} leads to several models: {names}.")
        if by_key[0].dated:
            raise Refused(f"the rows of {by_key[0].name} hold for a time only; name an instant's.")
        if by_key[0].partitioned and model.partitioned:
            raise Refused(f"{model.name} and {by_key[0].name} are joined by their partitions, too.")
        return by_key[0]

    def _links(self) -> Iterator[Link]:
        for model in self.by_name.values():
            for entity in (each for each in model.entities.values() if each.column):
                targets = [
                    other
                    for other in self.by_name.values()
                    if other.data_set != model.data_set
                    and other.key is not None
                    and other.key.name == entity.name
                    and other.key.column
                    and not other.dated
                ]
                for other in targets:
                    assert other.key is not None  # noqa: S101 - filtered above
                    name = entity.name if len(targets) == 1 else f"{entity.name}_{other.name}"
                    yield Link(
                        name, model.data_set, entity.column, other.data_set, other.key.column
                    )

    @staticmethod
    def _check_grain(dimension: Dimension, named: Element) -> None:
        if dimension.grain is None:
            raise Refused(f"{named.name} is no time dimension.")
        if named.grain is not None and GRAINS.get(named.grain) is not dimension.grain:
            raise Refused(f"{named.name} is by {dimension.grain}, not by {named.grain}.")


def _members(body: Body, key: str) -> Iterator[tuple[int, Body]]:
    yield from enumerate(bodies(body.get(key), (key,)))


def _dimension(body: Body, number: int) -> Dimension:
    path = ("dimensions", number)
    only(body, *SAID, "type", "type_params", "expr", "is_partition", path=path)
    name = str(body.get("name"))
    grain = None
    if str(body.get("type")).lower() == "time":
        said = str(_type_params(body).get("time_granularity", "day")).lower()
        if said not in GRAINS and said not in FINER:
            raise Refused(f"the granularity {said} of {name} is not known.", path)
        grain = GRAINS.get(said, Grain.HOUR)
    return Dimension(name, _column(body, name), grain)


def _entity(body: Body, number: int) -> Entity:
    path = ("entities", number)
    only(body, *SAID, "type", "expr", "role", path=path)
    name, kind = str(body.get("name")), str(body.get("type")).lower()
    if kind not in {"primary", "unique", "foreign", "natural"}:
        raise Refused(f"the entity {name} is of no known type.", (*path, "type"))
    return Entity(name, _column(body, name), kind)


def _column(body: Body, name: str) -> str:
    """A column, or an empty text where it is an expression: that one cannot be asked for."""
    written = body.get("expr")
    if written is None:
        return name
    try:
        return column(str(written))
    except Refused:
        return ""


def _type_params(body: Body) -> Body:
    params = body.get("type_params")
    return params if isinstance(params, Mapping) else {}


def _data_set(relation: Body) -> DatasetCode:
    alias = str(relation.get("alias", "")).lower()
    if CODE.match(alias) is None:
        raise Refused(f"{alias!r} is no code of a data set.", ("node_relation",))
    return DatasetCode(alias)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
