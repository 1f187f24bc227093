"""How the C library keeps the memory of replies.

Rules: what a reply of some hundred kilobytes took is kept for the next one, not given back to the kernel and
asked for again page by page: in a list of a thousand rows that was a third of the time. What is larger goes
back at once, and so does what is free beyond a bound; left to itself, the library moves both bounds by what
was freed last. Another C library than GNU's does as it likes.
"""

import ctypes

TRIM, MAPPED = -1, -3
"""`M_TRIM_THRESHOLD` and `M_MMAP_THRESHOLD` of mallopt(3)."""
FREE_BYTES, LARGE_BYTES = 4 << 20, 1 << 20


def keep_memory_of_replies() -> bool:
    """For this process, before it has threads. Whether the library knows how."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return False
    mapped = library.mallopt(MAPPED, LARGE_BYTES)
    trimmed = library.mallopt(TRIM, FREE_BYTES)
    return bool(mapped and trimmed)
