"""Secrets and passwords: drawn at random, never chosen, stored only as a salted scrypt digest with its parameters.

Checking one takes some 30 ms of a core with the interpreter lock released: never on the event loop.
"""

import hashlib
import hmac
import secrets

COST, BLOCK, PARALLEL = 2**14, 8, 1
MEMORY = 64 * 2**20
TYPED = "23456789abcdefghjkmnpqrstuvwxyz"


def draw() -> str:
    """A new secret of 256 bits."""
    return secrets.token_urlsafe(32)


def draw_password() -> str:
    """One that a person can type: 4 x 5 characters, 99 bits, none that looks like another."""
    return "-".join("".join(secrets.choice(TYPED) for _ in range(5)) for _ in range(4))


def digest(secret: str) -> str:
    """`scrypt:<cost>:<block>:<parallel>:<salt>:<digest>`, the last two in hex."""
    salt = secrets.token_bytes(16)
    derived = _derive(secret, salt, COST, BLOCK, PARALLEL)
    return f"scrypt:{COST}:{BLOCK}:{PARALLEL}:{salt.hex()}:{derived.hex()}"


def matches(secret: str, stored: str) -> bool:
    _, cost, block, parallel, salt, derived = stored.split(":")
    given = _derive(secret, bytes.fromhex(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(given, bytes.fromhex(derived))


def _derive(secret: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        secret.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost,
        r=block,
        p=parallel,
        maxmem=MEMORY,
        dklen=32,
    )


NOBODY = digest(draw())
"""What the secret of an unknown client is checked against, so that its refusal takes as long."""
