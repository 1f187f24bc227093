"""Memory of replies is kept for the next ones."""

import ctypes
import subprocess
import sys

import pytest

TAKEN_AND_GIVEN_BACK = """
import ctypes, resource
from hub.allocation import keep_memory_of_replies
{first}
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
library.free.argtypes = [ctypes.c_void_p]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    block = library.malloc({size})
    library.memset(block, 1, {size})
    library.free(block)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PAGE = 4096


def faults(first: str, size: int) -> int:
    """Pages asked of the kernel for twenty blocks, one after the other."""
    code = TAKEN_AND_GIVEN_BACK.format(first=first, size=size)
    return int(subprocess.check_output([sys.executable, "-c", code]))


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="GNU's C library alone")
def test_what_a_reply_took_is_there_for_the_next_one_and_what_is_huge_goes_back() -> None:
    kept, reply, huge = "assert keep_memory_of_replies()", 512 << 10, 16 << 20
    assert faults(kept, reply) < 2 * reply // PAGE
    assert faults(kept, huge) > 10 * huge // PAGE
