"""The schema a caller sees: the core its roles allow, and the fields of the data it was granted.

Rules: two callers share a view only when both parts are equal and the catalogue is the same; views
are few in memory, the ones used least recently go first; of those who ask for one at the same time the
first builds it.
"""

import gc
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from graphql import GraphQLObjectType, GraphQLSchema, print_schema

from access.roles import Capability
from query.relation import Scope
from schema.caller import Caller
from schema.core.assembly import core_schema
from schema.data.interface import InterfaceField, MemberField
from schema.data.interface_types import interface_fields
from schema.data.named import NamedTypes
from schema.data.plan import answering
from schema.data.roots import data_fields
from schema.data.shape import ScopeShapes, Shapes
from schema.data.types import DataTypes, types_key
from schema.document import Documents
from schema.lazy import LazyFields, filled
from schema.live.fields import subscription_type

KEPT = 64
KEPT_DATA_SETS = 20_000
"""In all views together; one of all 4,683 takes 10 MiB, and 50 KiB for each set that documents name."""

ViewKey = tuple[frozenset[Capability], str, str]


class View:
    """A schema, what its types stand for, and the documents that were prepared for it."""

    def __init__(
        self, schema: GraphQLSchema, shapes: Shapes, another: Callable[[], GraphQLSchema]
    ) -> None:
        """`another` makes the same schema once more, for those who go through all of its types: they
        would stay here.
        """
        self.schema = schema
        self.shapes = shapes
        self.another = another
        self.documents = Documents(schema)
        self._lock = threading.Lock()
        self._sdl: Sdl | None = None

    @property
    def sdl(self) -> "Sdl":
        """Blocking the first time; whoever asks meanwhile waits for that one."""
        with self._lock:
            if self._sdl is None:
                with uncollected():
                    self._sdl = Sdl.of(self.another())
            return self._sdl


@dataclass(frozen=True, slots=True)
class Sdl:
    """A schema as its text."""

    content: bytes
    etag: str

    @classmethod
    def of(cls, schema: GraphQLSchema) -> "Sdl":
        content = (print_schema(schema) + "\n").encode()
        return cls(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


class Views:
    """Building a view takes some milliseconds of a core: blocking."""

    def __init__(self) -> None:
        self._views: OrderedDict[ViewKey, View] = OrderedDict()
        self._keys: WeakKeyDictionary[Scope, str] = WeakKeyDictionary()
        self._lock = threading.Lock()
        self._building = threading.Lock()

    def of(self, caller: Caller) -> View:
        key = (caller.capabilities, self._types_key(caller.scope), caller.scope.catalogue.version)
        view = self._known(key)
        if view is not None:
            return view
        with self._building:
            view = self._known(key)
            if view is None:
                view = build_view(caller.capabilities, caller.scope)
                self._keep(key, view)
            return view

    def recall(self, caller: Caller) -> View | None:
        """What `of` would give, where it is there; memory only, so fit for the event loop."""
        types = self._keys.get(caller.scope)
        if types is None:
            return None
        return self._known((caller.capabilities, types, caller.scope.catalogue.version))

    def _types_key(self, scope: Scope) -> str:
        """Once for each scope: with two hundred data sets it takes two milliseconds."""
        with self._lock:
            key = self._keys.get(scope)
        if key is None:
            key = types_key(scope)
            with self._lock:
                self._keys[scope] = key
        return key

    def _known(self, key: ViewKey) -> View | None:
        with self._lock:
            view = self._views.get(key)
            if view is not None:
                self._views.move_to_end(key)
            return view

    def _keep(self, key: ViewKey, view: View) -> None:
        with self._lock:
            self._views[key] = view
            while len(self._views) > 1 and (
                len(self._views) > KEPT
                or sum(len(each.shapes) for each in self._views.values()) > KEPT_DATA_SETS
            ):
                self._views.popitem(last=False)


@contextmanager
def uncollected() -> Iterator[None]:
    """A whole schema is many small things that all stay: looking for garbage among them takes longer
    than making them.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def build_view(capabilities: frozenset[Capability], scope: Scope) -> View:
    def made(shapes: ScopeShapes) -> GraphQLSchema:
        return schema_of(capabilities, scope, shapes)

    shapes = ScopeShapes(scope)
    return View(made(shapes), shapes, lambda: made(ScopeShapes(scope)))


def schema_of(
    capabilities: frozenset[Capability], scope: Scope, shapes: ScopeShapes
) -> GraphQLSchema:
    """Its types are made when they are named, see `schema/lazy.py`."""
    core = core_schema(capabilities)
    types = DataTypes(scope, shapes)
    data = data_fields(scope, shapes, types, answering)
    live = interface_fields(scope, InterfaceField, MemberField)
    if not (data or live) or core.query_type is None:
        return core
    query = core.query_type.to_kwargs()
    query["fields"] = {**live, **core.query_type.fields}
    small = core.to_kwargs()
    small["query"] = GraphQLObjectType(**query)
    small["types"] = None  # they are found again from the roots
    small["assume_valid"] = True
    schema = filled(
        GraphQLSchema(**small),
        LazyFields({**data, **query["fields"]}),
        subscription_type(LazyFields(data)),
        NamedTypes(scope, shapes, types).find,
    )
    schema._strawberry_schema = core._strawberry_schema  # type: ignore[attr-defined]  # noqa: SLF001 - what `info.schema` of Strawberry reads
    return schema
