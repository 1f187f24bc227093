"""Every sentence that graphql-core has for a caller is said in both languages, with a stable name."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLSyntaxError,
    build_schema,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.values import get_variable_values

from schema.document import RULES
from schema.scalars import BIG_INT, DATE, DATE_TIME, DECIMAL, PLACE_CODE
from schema.wording import EVERY, wording_of

SCHEMA = build_schema(
    """
    type Query { a(n: Int!, w: W, o: O, e: E, s: String, b: Boolean, f: Float): T  l: [T!]! x: String }
    type Subscription { s: Int t: Int }
    type T { id: ID name(x: Int): String t: T }
    type U { id: ID }
    input W { k: Int!, v: String }
    input O @oneOf { p: Int q: Int }
    enum E { A B }
    """
)
DEEP = "{__schema{types{" + "fields{type{" * 4 + "name" + "}}" * 4 + "}}}"
DOCUMENTS = {
    "{nope}": "FIELD_UNKNOWN",
    "{l}": "SELECTION_MISSING",
    "{x{y}}": "SELECTION_NOT_ALLOWED",
    "{a(n:1,z:1){id}}": "ARGUMENT_UNKNOWN",
    "{x @skip(if:true,z:1)}": "ARGUMENT_UNKNOWN",
    "{a{id}}": "ARGUMENT_MISSING",
    "{x @skip}": "ARGUMENT_MISSING",
    "{a(n:1,n:2){id}}": "REPEATED",
    "{a(n:1,w:{k:1,k:2}){id}}": "REPEATED",
    "query A{x} query A{x}": "REPEATED",
    "{x @skip(if:true) @skip(if:true)}": "REPEATED",
    "{l{...F}} fragment F on T{id} fragment F on T{id}": "REPEATED",
    "query($v:Int!,$v:Int!){a(n:$v){id}}": "REPEATED",
    "{x @no}": "DIRECTIVE_UNKNOWN",
    "query @skip(if:true) {x}": "DIRECTIVE_MISPLACED",
    "{...on No{id}}": "TYPE_UNKNOWN",
    "mutation{x}": "OPERATION_UNSUPPORTED",
    "{...F}": "FRAGMENT_UNKNOWN",
    "{x} fragment F on T{id}": "FRAGMENT_UNUSED",
    "{l{...F}} fragment F on T{t{...F}}": "FRAGMENT_CYCLE",
    "{l{...F}} fragment F on T{t{...G}} fragment G on T{t{...F}}": "FRAGMENT_CYCLE",
    "{l{...on U{id}}}": "FRAGMENT_IMPOSSIBLE",
    "{l{...F}} fragment F on U{id}": "FRAGMENT_IMPOSSIBLE",
    "{...on E{x}}": "FRAGMENT_ON_LEAF",
    "{...F} fragment F on E{x}": "FRAGMENT_ON_LEAF",
    "{x} query A{x}": "OPERATION_NOT_ALONE",
    "subscription{s t}": "SUBSCRIPTION_FIELDS",
    "subscription A{__typename}": "SUBSCRIPTION_FIELDS",
    "subscription{s @skip(if:true)}": "SUBSCRIPTION_FIELDS",
    "{x} type X{a:Int}": "NOT_EXECUTABLE",
    "{a(n:1){id id:name}}": "FIELDS_CONFLICT",
    "{a(n:1){m:name(x:1) m:name(x:2)}}": "FIELDS_CONFLICT",
    DEEP: "INTROSPECTION_TOO_DEEP",
    "{a(n:$v){id}}": "VARIABLE_UNDEFINED",
    "query A{a(n:$v){id}}": "VARIABLE_UNDEFINED",
    "query($v:Int){x}": "VARIABLE_UNUSED",
    "query A($v:Int){x}": "VARIABLE_UNUSED",
    "query($v:T){a(n:1,s:$v){id}}": "VARIABLE_NOT_INPUT",
    "query($v:String){a(n:$v){id}}": "VARIABLE_MISFIT",
    '{a(n:"x"){id}}': "VALUE_WRONG",
    "{a(n:1,s:3){id}}": "VALUE_WRONG",
    "{a(n:1,b:3){id}}": "VALUE_WRONG",
    '{a(n:1,f:"x"){id}}': "VALUE_WRONG",
    "{a(n:99999999999){id}}": "VALUE_OUT_OF_RANGE",
    "{a(n:null){id}}": "VALUE_MISSING",
    "{a(n:1,w:3){id}}": "VALUE_NOT_OBJECT",
    '{a(n:1,w:{v:"a"}){id}}': "INPUT_FIELD_MISSING",
    "{a(n:1,w:{k:1,zz:3}){id}}": "INPUT_FIELD_UNKNOWN",
    "{a(n:1,o:{p:1,q:2}){id}}": "ONE_OF",
    "{a(n:1,e:C){id}}": "ENUM_VALUE_UNKNOWN",
    '{a(n:1,e:"A"){id}}': "ENUM_VALUE_WRONG",
}
VARIABLES = [
    ("Int", "x", "VALUE_WRONG"),
    ("Int!", None, "VALUE_MISSING"),
    ("[Int!]", [1, "x"], "VALUE_WRONG"),
    ("[[Int]]", [[1, 2**40]], "VALUE_OUT_OF_RANGE"),
    ("W", {"k": 1, "z": 1}, "INPUT_FIELD_UNKNOWN"),
    ("W", {}, "INPUT_FIELD_MISSING"),
    ("W", 3, "VALUE_NOT_OBJECT"),
    ("E", "C", "ENUM_VALUE_UNKNOWN"),
    ("E", 3, "ENUM_VALUE_WRONG"),
    ("String", 3, "VALUE_WRONG"),
    ("Boolean", "x", "VALUE_WRONG"),
    ("Float", "NaN", "VALUE_WRONG"),
    ("ID", 1.5, "VALUE_WRONG"),
    ("O", {"p": 1, "q": 2}, "ONE_OF"),
]
SYNTAX = {
    "{": "SYNTAX_EXPECTED",
    "query($v){x}": "SYNTAX_EXPECTED",
    '{a(s:"x}': "SYNTAX_UNTERMINATED",
    "{a} }": "SYNTAX_UNEXPECTED",
    "{\u00e9}": "SYNTAX_UNEXPECTED",
    "{a(s:'x')}": "SYNTAX_UNEXPECTED",
    "{..}": "SYNTAX_UNEXPECTED",
    "{a(n:01)}": "SYNTAX_INVALID",
    '{a(s:"\\uD800")}': "SYNTAX_INVALID",
    '{a(s:"\\x")}': "SYNTAX_INVALID",
}
INCREMENTAL = ("Defer", "Stream")
"""Rules about directives that no schema of ours has."""


def chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def check(message: str, name: str) -> None:
    wording = wording_of(message)
    assert wording.name == name, message
    assert chinese(wording.zh)
    assert not chinese(wording.en)
    assert "Did you mean" not in wording.en


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_rule_finds_is_said_in_both_languages(document: str) -> None:
    errors = validate(SCHEMA, parse(document), hide_suggestions=True)
    assert errors
    check(errors[0].message, DOCUMENTS[document])
    for error in errors:
        assert error.locations
        assert wording_of(error.message).name is not None, error.message


@pytest.mark.parametrize(
    "rule", [r for r in specified_rules if not r.__name__.startswith(INCREMENTAL)]
)
def test_no_rule_is_missed(rule: type) -> None:
    found = [error for text in DOCUMENTS for error in validate(SCHEMA, parse(text), [rule])]
    assert found


@pytest.mark.parametrize(("kind", "value", "name"), VARIABLES)
def test_what_is_wrong_with_a_variable_is_said_in_both_languages(
    kind: str, value: object, name: str
) -> None:
    operation = get_operation_ast(parse(f"query ($v: {kind}) {{ x }}"))
    assert operation is not None
    values = get_variable_values(
        SCHEMA, operation.variable_definitions or (), {"v": value}, hide_suggestions=True
    )
    assert isinstance(values, list)
    check(values[0].message, name)
    assert "$v" in wording_of(values[0].message).zh


def test_a_place_within_a_variable_is_told() -> None:
    message = (
        "Variable '$v' has invalid value at '[1].k': Int cannot represent non-integer value: 'x'"
    )
    wording = wording_of(message)
    assert wording.zh.startswith("变量 $v [1].k：")
    assert wording.en.startswith("The variable '$v' [1].k: ")


@pytest.mark.parametrize("text", SYNTAX)
def test_what_the_parser_finds_is_said_in_both_languages(text: str) -> None:
    with pytest.raises(GraphQLSyntaxError) as wrong:
        parse(text)
    wording = wording_of(wrong.value.message)
    assert wording.name == SYNTAX[text]
    assert chinese(wording.zh)


@pytest.mark.parametrize("scalar", [DATE_TIME, DATE, DECIMAL, BIG_INT, PLACE_CODE], ids=str)
def test_what_our_scalars_refuse_is_said_in_both_languages_at_its_place(
    scalar: GraphQLScalarType,
) -> None:
    x = GraphQLField(GraphQLString, {"s": GraphQLArgument(scalar)})
    schema = GraphQLSchema(GraphQLObjectType("Query", {"x": x}))
    for value in ('"no"', "{a: 1}", "[1]", "true", "X"):
        (error,) = validate(schema, parse(f"{{ x(s: {value}) }}"), RULES)
        assert [place.column for place in error.locations or ()] == [8]
        check(error.message, "VALUE_WRONG")


def test_a_long_value_is_cut_and_an_unknown_sentence_stands_as_it_is() -> None:
    with pytest.raises(GraphQLError) as wrong:
        DATE_TIME.coerce_input_value("x" * 1_000_000)
    assert len(wording_of(wrong.value.message).en) < 300
    assert wording_of("Something new.").en == wording_of("Something new.").zh == "Something new."


def test_no_row_is_idle() -> None:
    told = [*DOCUMENTS.values(), *SYNTAX.values(), *(name for _, _, name in VARIABLES)]
    assert {row.name for row in EVERY} - set(told) == {"TOO_MANY_ERRORS"}


def test_what_python_says_of_a_value_is_not_repeated() -> None:
    document = parse("{a(n:" + "9" * 5_000 + "){id}}")
    (error,) = validate(SCHEMA, document, RULES, hide_suggestions=True)
    assert error.original_error is None
    assert error.locations
    check(error.message, "VALUE_WRONG")
    assert "digits" not in wording_of(error.message).en


def test_every_rule_that_a_reply_names_stands_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text("utf-8")
    told = {row.name for row in EVERY if not row.name.startswith("SYNTAX")}
    assert {name for name in told if f"`{name}`" not in page} == set()
