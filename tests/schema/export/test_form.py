import pytest

from schema.export.form import ARROW, CSV, NDJSON, PARQUET, form_of


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/csv", CSV),
        ("application/x-ndjson", NDJSON),
        ("application/vnd.apache.parquet", PARQUET),
        ("Application/Vnd.Apache.Arrow.Stream", ARROW),
        ("application/json;q=0.5, text/csv", CSV),
        ("text/csv;q=0.4, application/vnd.apache.parquet;q=0.8", PARQUET),
        ("*/*;q=0.1, application/x-ndjson", NDJSON),
        ("text/*", CSV),
    ],
)
def test_a_form_that_a_caller_names_is_chosen_by_its_weight(accept: str, media: str) -> None:
    form = form_of(accept)
    assert form is not None
    assert form.media == media


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/*",
        "application/json",
        "application/graphql-response+json, application/json;q=0.9",
        "text/csv;q=0.3, application/json",
        "text/csv;q=0, */*",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "image/png",
        "text/csv;charset=gbk",
    ],
)
def test_whoever_names_no_form_is_answered_as_ever(accept: str | None) -> None:
    assert form_of(accept) is None


def test_csv_begins_with_the_mark_that_spreadsheets_need_unless_told_otherwise() -> None:
    marked, plain = form_of("text/csv"), form_of('text/csv; bom="absent"')
    assert marked is not None
    assert plain is not None
    assert marked.mark
    assert not plain.mark
