"""Content-Encoding: what is large leaves compressed for whoever accepts that, and nothing else does.

Rules: the caller's weights decide, and zstd goes before gzip where both are liked alike; less than LEAST
bytes stay as they are, because a packet or ten more cost less than compressing them; the fastest level of
each, because a server's core is dearer than the last tenth of a size. What usage records, quotas and
metrics count are the bytes before it.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import zstandard

from schema.media import LONGEST_KEPT, weighed

LEAST = 16 * 1024
"""Bytes from which on it pays, see `docs/decisions/0015-*.md`."""
LEVEL = 1
GZIP_WINDOW = 31
"""zlib's number for the gzip format."""


class Compressor(Protocol):
    """One stream: what it gives back belongs to it in this order, `flush` last."""

    def compress(self, data: bytes | memoryview, /) -> bytes: ...

    def flush(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Encoding:
    """`name` as headers write it."""

    name: str
    stream: Callable[[], Compressor]

    def compressed(self, content: bytes) -> bytes:
        """The whole at once."""
        stream = self.stream()
        return stream.compress(content) + stream.flush()


ZSTD = Encoding("zstd", lambda: zstandard.ZstdCompressor(LEVEL).compressobj())
GZIP = Encoding("gzip", lambda: zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_WINDOW))
OFFERED = (ZSTD, GZIP)


def encoding_for(accept_encoding: str | None) -> Encoding | None:
    """What an Accept-Encoding header wants of what we offer; None: as it is."""
    if not accept_encoding:
        return None
    known = len(accept_encoding) <= LONGEST_KEPT
    return _remembered(accept_encoding) if known else _chosen(accept_encoding)


def _chosen(accept_encoding: str) -> Encoding | None:
    wanted = weighed(accept_encoding)
    others, plain = wanted.get("*", 0.0), wanted.get("identity", 0.0)
    best, chosen = plain, None
    for encoding in OFFERED:
        weight = wanted.get(encoding.name, others)
        if weight > best or (chosen is None and weight == best > 0):
            best, chosen = weight, encoding
    return chosen


_remembered = lru_cache(maxsize=256)(_chosen)
