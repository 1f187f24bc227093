import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from schema.encoding import GZIP, OFFERED, ZSTD, Encoding, encoding_for

READERS = {
    ZSTD: lambda content: zstandard.ZstdDecompressor().decompressobj().decompress(content),
    GZIP: gzip.decompress,
}


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("br, deflate", None),
        ("gzip", GZIP),
        ("GZIP", GZIP),
        ("gzip, deflate, br, zstd", ZSTD),
        ("gzip, zstd;q=0.5", GZIP),
        ("gzip;q=0.5, zstd;q=0.5", ZSTD),
        ("*", ZSTD),
        ("*, zstd;q=0", GZIP),
        ("zstd;q=0, gzip;q=0", None),
        ("gzip;q=0.2, identity;q=0.9", None),
        ("gzip;q=nan", None),
        (";;,,", None),
        ("gzip" + " " * 10_000, GZIP),
    ],
)
def test_the_callers_weights_decide(header: str | None, encoding: Encoding | None) -> None:
    assert encoding_for(header) is encoding


@pytest.mark.parametrize("encoding", OFFERED, ids=lambda encoding: encoding.name)
@given(pieces=st.lists(st.binary(max_size=5_000), max_size=5))
def test_what_was_compressed_is_read_as_it_was(encoding: Encoding, pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert READERS[encoding](encoding.compressed(whole)) == whole
    stream = encoding.stream()
    streamed = b"".join([*map(stream.compress, pieces), stream.flush()])
    assert READERS[encoding](streamed) == whole


@given(st.text(max_size=60))
def test_no_header_is_a_fault(header: str) -> None:
    assert encoding_for(header) in {None, ZSTD, GZIP}
