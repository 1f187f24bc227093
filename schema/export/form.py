"""The forms of an export, and which one an Accept header asks for.

Rules: JSON stays what a caller gets who does not name a form; a form is chosen by the weights of the
header like any other media type.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from schema.media import GRAPHQL_JSON, JSON, LONGEST_KEPT, accepted

CSV = "text/csv"
NDJSON = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
WITHOUT_MARK = re.compile(r'text/csv\s*;[^,]*\bbom\s*=\s*"?absent\b', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """`typed`: values in their own types, not as JSON has them; `flat`: it has no lists; `packed`: it
    compresses by itself; `mark`: it begins with the byte order mark that spreadsheets need.
    """

    media: str
    extension: str
    typed: bool = True
    flat: bool = False
    packed: bool = False
    mark: bool = False

    @property
    def content_type(self) -> str:
        if self.media == CSV:
            return f"{CSV}; charset=utf-8; header=present"
        return f"{NDJSON}; charset=utf-8" if self.media == NDJSON else self.media


FORMS = {
    form.media: form
    for form in (
        Form(CSV, "csv", flat=True, mark=True),
        Form(NDJSON, "ndjson", typed=False),
        Form(PARQUET, "parquet", packed=True),
        Form(ARROW, "arrows"),
    )
}
PLAIN_CSV = Form(CSV, "csv", flat=True)
OFFERED = (JSON, GRAPHQL_JSON, *FORMS)


def form_of(accept: str | None) -> Form | None:
    """None where the answer is to be JSON, or nothing that there is."""
    if not accept:
        return None
    return _remembered(accept) if len(accept) <= LONGEST_KEPT else _chosen(accept)


def _chosen(accept: str) -> Form | None:
    form = FORMS.get(accepted(accept, OFFERED) or "")
    if form is not None and form.media == CSV and WITHOUT_MARK.search(accept):
        return PLAIN_CSV
    return form


_remembered = lru_cache(maxsize=256)(_chosen)
