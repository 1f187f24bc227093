"""A NUL character in a request's texts, on each of the two registry stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import GraphQLError, parse

from access.roles import Role
from schema.errors import NulCharacter
from schema.text import check_literals, check_variables
from tests.schema.hub import ORGANISATIONS, Hub, person, running_hub


@pytest.fixture
def either(registry_url: str, tmp_path: Path) -> Iterator[Hub]:
    """A hub without data on SQLite or PostgreSQL."""
    with running_hub(tmp_path, {}, registry_url) as hub:
        hub.store.import_organisations(
            ORGANISATIONS, person("operator", "cq_bigdata", Role.OPERATOR)
        )
        yield hub


@pytest.mark.parametrize(
    "query",
    [
        "query ($t: String!) { catalogueEntry(code: $t) { code } }",
        "query ($t: String!) { catalogueEntries(search: $t) { code } }",
        "query ($t: String!) { shareRequest(id: $t) { id } }",
        "query ($t: String!) { grant(id: $t) { id } }",
        "query ($t: String!) { load(id: $t) { id } }",
        "mutation ($t: String!) { submitShareRequest(id: $t) { id } }",
    ],
)
def test_a_text_with_a_nul_is_refused_as_a_variable_and_as_a_literal(
    either: Hub, query: str
) -> None:
    token = either.client("steward", Role.STEWARD, of="cq_water")
    codes = either.codes(token, query, t="a\x00b")
    assert codes == ["NUL_CHARACTER"]
    kind, _, field = query.partition("($t: String!) ")
    for escape in ("\\u0000", "\\u{0}", "\x00"):
        literal = kind + field.replace("$t", f'"a{escape}b"')
        assert either.codes(token, literal) == ["NUL_CHARACTER"]
        spread = query.replace("String!", f'String = "{escape}"')
        assert "NUL_CHARACTER" in either.codes(token, spread)
    assert b"INTERNAL" not in either.post(token, query, variables={"t": "none"}).content


def test_the_refusal_names_the_variable_in_both_languages(either: Hub) -> None:
    token = either.client("app")
    query = "query ($t: String!) { catalogueEntry(code: $t) { code } }"
    (error,) = either.post(token, query, variables={"t": "\x00"}).json()["errors"]
    assert error["message"].startswith("变量 $t 含有 NUL 字符")
    assert error["extensions"]["messageEn"].startswith("The variable $t holds a NUL")
    literal = '{ catalogueEntry(code: "\\u0000") { code } }'
    (error,) = either.post(token, literal).json()["errors"]
    assert error["locations"] == [{"line": 1, "column": 24}]


@pytest.mark.parametrize(
    "value", ["\x00", ["a", ["\x00"]], {"parts": [{"purpose": "防汛\x00"}]}, {"a\x00": 1}]
)
def test_a_nul_is_found_however_deep_it_lies(value: object) -> None:
    with pytest.raises(NulCharacter):
        check_variables({"fine": "防汛", "input": value})


def test_texts_without_a_nul_pass() -> None:
    check_variables({"a": "\x01\n\\u0000", "b": [1, None, True, {"c": "水"}]})
    for text in ('{ a(b: "\\u0041") }', '{ a(b: """\\u0000""") }', "{ a }"):
        check_literals(parse(text), text)


def test_a_nul_in_a_default_or_a_block_text_is_found() -> None:
    for text in ('query ($a: String = "\\u0000") { a }', '{ a(b: {c: ["""\x00"""]}) }'):
        with pytest.raises(GraphQLError) as found:
            check_literals(parse(text), text)
        assert isinstance(found.value.original_error, NulCharacter)
