"""Tampering with a chained log, and what its verification says; the log is written as the hub does."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access import chain
from access.chain import GENESIS, Algorithm, Finding, link, verify

LAST = 9


def written(folder: Path, algorithm: Algorithm = "sha256") -> list[Path]:
    """Two segments: records 1-5 and 6-9."""
    folder.mkdir(parents=True)
    head = GENESIS
    files = []
    for first, last in ((1, 5), (6, LAST)):
        file = folder / chain.segment_name(first)
        lines = []
        for number in range(first, last + 1):
            kind = "segment" if number == first else "usage"
            record = {"algorithm": algorithm} if number == first else {"rows": number}
            body = chain.canonical({"kind": kind, "number": number, "record": record})
            head = link(algorithm, head, body)
            lines.append(b"%s %s\n" % (head.hex().encode(), body))
        file.write_bytes(b"".join(lines))
        files.append(file)
    return files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "usage"


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_an_untouched_chain_holds_with_head_and_count(folder: Path, algorithm: Algorithm) -> None:
    written(folder, algorithm)
    verdict = verify(folder)
    assert verdict.ok
    assert verdict.count == LAST
    assert len(verdict.head) == 64


def test_the_chain_is_what_a_reader_of_the_rule_computes(folder: Path) -> None:
    head = bytes(32)
    for file in written(folder):
        for line in file.read_bytes().splitlines():
            digest, _, body = line.partition(b" ")
            head = hashlib.sha256(head + body).digest()
            assert head.hex().encode() == digest
    assert verify(folder).head == head.hex()


def test_a_changed_record_is_broken_at_its_line(folder: Path) -> None:
    first, _ = written(folder)
    first.write_bytes(first.read_bytes().replace(b'"rows":3', b'"rows":9'))
    verdict = verify(folder)
    assert (verdict.finding, verdict.file, verdict.line) == (Finding.BROKEN, first.name, 3)
    assert verdict.count == 2


def test_a_removed_record_is_a_gap(folder: Path) -> None:
    first, _ = written(folder)
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert verify(folder).finding is Finding.GAP


def test_exchanged_records_are_seen(folder: Path) -> None:
    first, _ = written(folder)
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join([*lines[:2], lines[3], lines[2], *lines[4:]]))
    assert not verify(folder).ok


@pytest.mark.parametrize("index", [0, 1])
def test_a_missing_segment_is_seen_or_was_witnessed(folder: Path, index: int) -> None:
    head = ""
    files = written(folder)
    head = verify(folder).head
    files[index].unlink()
    assert verify(folder, {LAST: head}).finding in {Finding.GAP, Finding.CUT}


def test_a_cut_tail_is_found_by_a_witnessed_head(folder: Path) -> None:
    _, last = written(folder)
    head = verify(folder).head
    last.write_bytes(b"".join(last.read_bytes().splitlines(keepends=True)[:-1]))
    assert verify(folder).ok
    assert verify(folder, {LAST: head}).finding is Finding.CUT


def test_a_rewritten_chain_is_found_by_a_witnessed_head(folder: Path, tmp_path: Path) -> None:
    written(folder)
    head = verify(folder).head
    forged = tmp_path / "forged"
    written(forged, "sm3")
    assert verify(forged).ok
    assert verify(forged, {LAST: head}).finding is Finding.REWRITTEN
    assert verify(folder, {LAST: head}).ok


def test_a_torn_last_line_is_told_from_a_broken_one(folder: Path) -> None:
    _, last = written(folder)
    last.write_bytes(last.read_bytes()[:-5])
    verdict = verify(folder)
    assert (verdict.finding, verdict.file, verdict.line) == (Finding.TORN, last.name, 4)
    assert verdict.count == LAST - 1


def test_a_segment_that_starts_without_its_algorithm_is_broken(folder: Path) -> None:
    first, _ = written(folder)
    first.write_bytes(first.read_bytes().replace(b"sha256", b"md5-00"))
    assert verify(folder).finding is Finding.BROKEN


def test_an_empty_folder_is_not_taken_for_a_whole_log(folder: Path) -> None:
    folder.mkdir()
    assert verify(folder).finding is Finding.EMPTY


def test_the_tail_is_the_last_whole_record_and_the_torn_rest(folder: Path) -> None:
    _, last = written(folder)
    whole = last.stat().st_size
    rest = b'\x00\x00\x00\n0123 {"half'
    with last.open("ab") as stream:
        stream.write(rest)
    tail = chain.tail(last)
    assert tail.position is not None
    assert tail.position.number == LAST
    assert (tail.size, tail.torn) == (whole, rest)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    place=st.floats(0, 1, exclude_max=True),
    value=st.integers(0, 255),
    which=st.sampled_from((0, 1)),
)
def test_no_changed_byte_passes(
    tmp_path_factory: pytest.TempPathFactory, place: float, value: int, which: int
) -> None:
    folder = tmp_path_factory.mktemp("chain") / "usage"
    file = written(folder)[which]
    content = bytearray(file.read_bytes())
    position = int(place * len(content))
    if content[position] == value:
        return
    content[position] = value
    file.write_bytes(content)
    assert not verify(folder).ok
