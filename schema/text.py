"""The one rule for every text of a request: it holds no NUL character.

PostgreSQL stores none and its driver refuses the statement, so such a text would be a fault of the
hub on one store and an unknown id on the other. Here it is the caller's mistake on both.
"""

from collections.abc import Mapping

from graphql import (
    BREAK,
    DocumentNode,
    GraphQLError,
    StringValueNode,
    Visitor,
    VisitorAction,
    visit,
)

from schema.errors import NulCharacter

NUL = "\x00"
NUMBERS = frozenset({int, float})


def check_variables(variables: Mapping[str, object]) -> None:
    """NulCharacter names the first variable that holds one, in a value or in a member's name."""
    for name, value in variables.items():
        if _holds_nul(value):
            shown = name.replace(NUL, "")
            raise NulCharacter(at=f"The variable ${shown}", at_zh=f"变量 ${shown} ")


def check_literals(document: DocumentNode, text: str) -> None:
    """A located NulCharacter at the first text of the document that holds one."""
    if NUL not in text and "\\u" not in text:
        return
    finder = _Finder()
    visit(document, finder)
    if finder.found is not None:
        cause = NulCharacter(at="A text of the document", at_zh="查询中的文本")
        raise GraphQLError(cause.message_en, finder.found, original_error=cause)


class _Finder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: StringValueNode | None = None

    def enter_string_value(self, node: StringValueNode, *_: object) -> VisitorAction | None:
        if NUL not in node.value:
            return None
        self.found = node
        return BREAK


def _holds_nul(value: object) -> bool:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if NUL in item:
                return True
        elif isinstance(item, list):
            if not NUMBERS.issuperset(map(type, item)):  # a list may have thousands
                pending += item
        elif isinstance(item, Mapping):
            pending += [*item.keys(), *item.values()]
    return False
