"""How the C library keeps the memory of replies.

Rules: what a reply of some megabytes took is kept for the next one, not given back to the kernel and
asked for again page by page: in a list of a thousand rows that was a third of the time. What is larger goes
back at once, and so does what is free beyond a bound; left to itself, the library moves both bounds by what
was freed last. Another C library than GNU's does as it likes.
"""

import ctypes

TRIM, MAPPED, ARENAS = -1, -3, -8
"""`M_TRIM_THRESHOLD`, `M_MMAP_THRESHOLD` and `M_ARENA_MAX` of mallopt(3)."""
FREE_BYTES, LARGE_BYTES, MOST_ARENAS = 16 << 20, 4 << 20, 2


def keep_memory_of_replies() -> bool:
    """For this process, before it has threads. Whether the library knows how."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return False
    mapped = library.mallopt(MAPPED, LARGE_BYTES)
    trimmed = library.mallopt(TRIM, FREE_BYTES)
    few = library.mallopt(ARENAS, MOST_ARENAS)
    return bool(mapped and trimmed and few)
