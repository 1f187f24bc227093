from access import secret


def test_a_digest_matches_its_own_secret_and_no_other() -> None:
    drawn = secret.draw()
    stored = secret.digest(drawn)
    assert secret.matches(drawn, stored)
    assert not secret.matches(secret.draw(), stored)
    assert drawn not in stored


def test_the_same_secret_is_salted_into_different_digests() -> None:
    assert secret.digest("one") != secret.digest("one")


def test_nobody_is_checked_with_the_same_cost_as_a_client() -> None:
    assert secret.NOBODY.split(":")[:4] == secret.digest("one").split(":")[:4]
