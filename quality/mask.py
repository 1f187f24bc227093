"""The shape of a value: what an auditor sees of a row that was set apart, instead of the value.

Only marks and spaces stand as they were. A character that is none of letter, digit, ideograph or
mark reads as a letter: a rare name may be written in private-use characters.
"""

import unicodedata

MAX_SHAPE = 40
"""Characters of a shape; a longer one ends in `…`."""
LETTER, IDEOGRAPH, DIGIT = "x", "字", "9"


def shape_of(text: str) -> str:
    """`磁器口3号 (A-1)` has the shape `字字字9字 (x-9)`."""
    shape = "".join(map(_mark, text[:MAX_SHAPE]))
    return shape if len(text) <= MAX_SHAPE else f"{shape}…"


def _mark(character: str) -> str:
    if unicodedata.name(character, "").startswith("CJK "):
        return IDEOGRAPH
    kind = unicodedata.category(character)
    if kind[0] == "N":
        return DIGIT
    plain = character.isascii() and character.isprintable() and not character.isalpha()
    return character if plain or kind[0] == "P" or kind == "Zs" else LETTER
