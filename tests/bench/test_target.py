"""Ratios and what is said of them."""

from bench.city.target import TARGETS, reached


def verdicts(**rates: float) -> dict[tuple[str, ...], str]:
    found = reached({"Q1": {"hub": 1_000.0, **rates}})
    return {one.target.rivals: one.verdict for one in found}


def test_the_better_of_two_forms_of_a_peer_is_the_one_to_beat() -> None:
    (one,) = reached({"Q1": {"hub": 900.0, "postgraphile": 300.0, "postgraphile-2": 450.0}})
    assert (one.rival, one.ratio, one.verdict) == ("postgraphile-2", 2.0, "must met")


def test_what_is_under_its_must_is_said_loudly_and_what_has_an_aim_alone_quietly() -> None:
    assert verdicts(strawberry=100.0, fixed=10_000.0) == {
        ("strawberry",): "NOT MET",
        ("fixed",): "aim not met",
    }
    assert verdicts(strawberry=10.0, fixed=1_500.0) == {
        ("strawberry",): "met",
        ("fixed",): "aim met",
    }


def test_what_was_not_measured_has_no_ratio() -> None:
    assert reached({"Q1": {"strawberry": 3.0}, "Q2": {"hub": 3.0}}) == []


def test_the_repeated_read_is_the_cached_hub_s() -> None:
    (one,) = reached({"repeated": {"hub-cached": 700.0, "fixed": 1_000.0}})
    assert one.verdict == "aim met"


def test_every_question_of_the_table_has_a_target() -> None:
    asked = {target.question for target in TARGETS}
    assert asked == {"Q1", "Q2", "Q3", "Q3b", "Q4", "Q5", "Q6", "repeated"}
