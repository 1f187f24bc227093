import time

import pytest
from graphql import get_introspection_query, parse

from schema.errors import DocumentTooLarge
from schema.shape import MAX_TOKENS, Shape, check_shape, measure


def shape(text: str) -> Shape:
    return measure(parse(text, max_tokens=MAX_TOKENS))


def test_fields_aliases_directives_and_depth_are_counted_through_fragments() -> None:
    text = "{ a { ...f } b: c @skip(if: true) } fragment f on X { d { e: e } ... @include(if: true) { g } }"
    assert shape(text) == Shape(fields=5, aliases=2, directives=2, depth=3)


def test_introspection_does_not_count_towards_the_depth() -> None:
    check_shape(parse(get_introspection_query(input_value_deprecation=True)))
    assert shape("{ __schema { types { name } } }").depth == 0


def test_a_bomb_of_nested_fragments_is_weighed_at_once() -> None:
    text = "{ p { ...f0 } } " + "".join(
        f"fragment f{i} on P {{ ...f{i + 1} ...f{i + 1} }} " for i in range(120)
    )
    start = time.thread_time()  # work, not waiting: others may use the machine
    with pytest.raises(DocumentTooLarge):
        check_shape(parse(text + "fragment f120 on P { x: a }"))
    assert time.thread_time() - start < 20, "unfolded it would take for ever"


def test_a_cycle_of_fragments_ends() -> None:
    assert shape("{ ...a } fragment a on Q { b ...a }").fields == 1
