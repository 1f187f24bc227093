"""Entity tags: what an operation would answer now, known before it is answered.

Rules: a tag tells apart whatever could change the data of the answer: statements, and so the scope, values,
names, and the version of each data set; it is made with a key, so that nobody learns of a statement by
guessing it. It is weak, because ages and request ids differ in answers that have the same data.
"""

import hmac
import re
from collections.abc import Mapping

from catalog.ids import DatasetCode, Seq
from schema.data.kept import identity_of, versions_of
from schema.templates import Filled, Ready

TAG = re.compile(r'(?:W/)?("[!#-~]*")')
DIGITS = 32


def tag_of(filled: Filled, ready: Ready, seqs: Mapping[DatasetCode, Seq]) -> str:
    told = [
        (name, identity_of(statement).digest, versions_of(statement, seqs))
        for name, (statement, _) in ready.statements.items()
    ]
    roots = [(root.name, root.text) for root in ready.roots]
    text = repr((told, roots, filled.values)).encode()
    key = filled.template.scope.cursor_key.encode()
    return f'W/"{hmac.digest(key, text, "sha256").hex()[:DIGITS]}"'


def holds(given: str, tag: str) -> bool:
    """Whether the tag stands in the value of an If-None-Match header."""
    return tag.removeprefix("W/") in TAG.findall(given)
