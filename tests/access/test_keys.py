import json
import multiprocessing
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access.errors import KeyFileFault
from access.keys import SigningKeys
from catalog.clock import ReplayClock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "keys.json"


@pytest.fixture
def clock() -> ReplayClock:
    return ReplayClock(datetime(2026, 8, 19, tzinfo=UTC))


def test_the_first_key_is_made_in_a_file_that_only_its_owner_reads(file: Path) -> None:
    old_mask = os.umask(0)
    try:
        SigningKeys(file)
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(p.name for p in file.parent.iterdir()) == [".keys.json.lock", "keys.json"]


def test_the_same_key_is_found_again(file: Path) -> None:
    assert SigningKeys(file).active == SigningKeys(file).active


def test_processes_that_start_at_once_agree_on_the_first_key(file: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert len(set(pool.map(active_key, [file] * 4))) == 1


def active_key(file: Path) -> str:
    return SigningKeys(file).active


def test_rotation_signs_with_the_new_key_and_still_verifies_with_the_old(
    file: Path, clock: ReplayClock
) -> None:
    keys = SigningKeys(file, clock)
    old = keys.active
    new = keys.rotate()
    assert keys.active == new != old
    assert [key.kid for key in keys.signing] == [new]
    assert {key.kid for key in keys.verifying} == {old, new}


def test_a_key_long_retired_is_dropped_at_the_next_rotation(file: Path, clock: ReplayClock) -> None:
    keys = SigningKeys(file, clock)
    first = keys.active
    second = keys.rotate()
    clock.advance(timedelta(days=2))
    third = keys.rotate()
    assert not keys.knows(first)
    assert keys.knows(second)
    assert keys.active == third


def test_a_rotation_by_another_process_is_taken_up(file: Path) -> None:
    running, operator = SigningKeys(file), SigningKeys(file)
    new = operator.rotate()
    assert running.active != new
    running.reload()
    assert running.active == new


def test_what_is_published_has_no_private_part(file: Path) -> None:
    keys = SigningKeys(file)
    keys.rotate()
    published = keys.public()["keys"]
    assert len(published) == 2
    for key in published:
        assert "d" not in key
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")


def test_a_key_file_that_others_can_read_is_refused(file: Path) -> None:
    SigningKeys(file)
    file.chmod(0o640)
    with pytest.raises(KeyFileFault, match="0600"):
        SigningKeys(file)


def test_a_damaged_key_file_is_refused_without_quoting_it(file: Path) -> None:
    SigningKeys(file)
    content = json.loads(file.read_text())
    private = content["keys"][0]["jwk"]["d"]
    content["keys"][0]["jwk"]["crv"] = "unheard-of"
    file.write_text(json.dumps(content))
    with pytest.raises(KeyFileFault) as refused:
        SigningKeys(file)
    assert private not in str(refused.value)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": []}', '{"keys": [{}]}'])
def test_a_file_that_is_no_key_set_is_refused(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.touch(0o600)
    file.write_text(content)
    with pytest.raises(KeyFileFault):
        SigningKeys(file)
