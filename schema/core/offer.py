"""A core field and who may have it: what a role may not do does not exist in its schema.

A field is a plain async function: its name, arguments and result become the field's, its docstring
(Chinese first) the description.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from typing import cast

import strawberry
from strawberry.types.field import StrawberryField

from access.roles import Capability

Resolver = Callable[..., Coroutine[object, object, object]]


@dataclass(frozen=True, slots=True)
class Offer:
    """`needs` None: for everyone who may log in; several: any of them is enough."""

    resolver: Resolver
    needs: frozenset[Capability] | None = None


def to_all(*resolvers: Resolver) -> tuple[Offer, ...]:
    return tuple(Offer(resolver) for resolver in resolvers)


def to(needs: Capability | frozenset[Capability], *resolvers: Resolver) -> tuple[Offer, ...]:
    any_of = needs if isinstance(needs, frozenset) else frozenset({needs})
    return tuple(Offer(resolver, any_of) for resolver in resolvers)


def offered(offers: Sequence[Offer], capabilities: frozenset[Capability]) -> list[StrawberryField]:
    """The fields a caller with these capabilities may have."""
    return [_field(o.resolver) for o in offers if o.needs is None or o.needs & capabilities]


def _field(resolver: Resolver) -> StrawberryField:
    text = cleandoc(resolver.__doc__ or "").replace("\n", " ")
    return cast("StrawberryField", strawberry.field(resolver=resolver, description=text))
