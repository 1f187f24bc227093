"""A request's terms as people write them in a file."""

from pathlib import Path

import pytest

from commands.errors import WrongUsage
from commands.terms import read_terms

TERMS = """\
data_set: river_regime_municipal
scope:
  - columns: [station_code]
    places: [500106, "500109"]
    conditions: [{column: level_m, op: GTE, values: [180]}]
expires: 2027-12-31T23:59:59+08:00
derivation: true
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "terms.yaml"
    file.write_text(text, "utf-8")
    return file


def test_names_become_the_apis_and_codes_become_texts(tmp_path: Path) -> None:
    condition = {"column": "level_m", "op": "GTE", "values": ["180"]}
    assert read_terms(written(tmp_path, TERMS)) == {
        "dataSet": "river_regime_municipal",
        "scope": [
            {
                "columns": ["station_code"],
                "places": ["500106", "500109"],
                "conditions": [condition],
            }
        ],
        "expires": "2027-12-31T23:59:59+08:00",
        "derivation": True,
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data_set: [", "line 1"),
        ("- data_set", "key: value"),
        ("expires: 2027-12-31", "2027-12-31T23:59:59+08:00"),
    ],
)
def test_a_file_that_cannot_be_meant_says_what_to_write(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(WrongUsage, match=told.replace("+", r"\+")):
        read_terms(written(tmp_path, text))


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        read_terms(tmp_path / "none.yaml")
