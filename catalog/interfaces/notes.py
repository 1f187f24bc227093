"""What an interface file adds to the provider's OpenAPI document, which stays as the provider wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from catalog.contracts import Classification
from catalog.declaration import Declared


class Note(Declared):
    """Of one argument, or of one member of the answer by its dotted path (`registrant.name`).

    `name` is ours where the provider's is no ASCII identifier; `place`: it holds a place code.
    """

    name: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=48)
    label: str | None = None
    description: str | None = None
    place: bool = False
    unit: str | None = None
    classification: Classification = Classification.GENERAL


@dataclass(frozen=True, slots=True)
class Notes:
    arguments: Mapping[str, Note] = field(default_factory=dict)
    fields: Mapping[str, Note] = field(default_factory=dict)
