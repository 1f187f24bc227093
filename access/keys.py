"""The signing keys of the embedded issuer: one active ES256 key, and the older ones that still verify.

The file holds private keys: mode 0600 from its first byte, replaced as a whole, refused when others
may read it. Always sign with the set of the one active key and verify with the whole set: a bare key
signs without `kid`, and a set of several signs with a random one of them.
"""

import fcntl
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, KeySetSerialization

from access.errors import KeyFileFault
from catalog.clock import Clock, SystemClock

ALGORITHM = "ES256"
CURVE = "P-256"
PRIVATE_MODE = 0o600
KEPT_AFTER_ROTATION = timedelta(days=1)
"""Far longer than a token lives."""


@dataclass(frozen=True, slots=True)
class _Held:
    key: ECKey
    retired_at: datetime | None

    @property
    def kid(self) -> str:
        return str(self.key.kid)


class SigningKeys:
    """The keys in `file`, which is created with a first key where it does not exist."""

    def __init__(self, file: Path, system_clock: Clock | None = None) -> None:
        self._file = file
        self._clock = system_clock or SystemClock()
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys: tuple[_Held, ...] = ()
        with _alone(file):
            if not file.exists():
                self._write((_Held(_new_key(), None),))
        self.reload()

    @property
    def signing(self) -> KeySet:
        """The one active key, as a set."""
        return KeySet([held.key for held in self._keys if held.retired_at is None])

    @property
    def verifying(self) -> KeySet:
        return KeySet([held.key for held in self._keys])

    @property
    def active(self) -> str:
        """The `kid` of the active key."""
        return next(held.kid for held in self._keys if held.retired_at is None)

    def knows(self, kid: str) -> bool:
        return any(held.kid == kid for held in self._keys)

    def public(self) -> KeySetSerialization:
        """The JWKS that others verify with; no private part."""
        return KeySet([held.key for held in self._keys]).as_dict(private=False)

    def rotate(self) -> str:
        """Makes a new key the active one, drops those long retired; returns the new `kid`."""
        with _alone(self._file):
            self.reload()
            now = self._clock.now()
            fresh = _Held(_new_key(), None)
            kept = tuple(
                held if held.retired_at else _Held(held.key, now)
                for held in self._keys
                if held.retired_at is None or now - held.retired_at < KEPT_AFTER_ROTATION
            )
            self._write((fresh, *kept))
        self.reload()
        return fresh.kid

    def reload(self) -> None:
        """Takes up the file where another process rotated it; one `stat` where not."""
        with self._lock:
            try:
                state = self._file.stat()
            except OSError as error:
                raise KeyFileFault(f"cannot read {self._file}: {error.strerror}") from None
            seen = (state.st_ino, state.st_mtime_ns, state.st_size)
            if seen == self._seen:
                return
            if state.st_mode & 0o077:
                raise KeyFileFault(f"{self._file} is open to others; set its mode to 0600")
            self._keys = _parse(self._file)
            self._seen = seen

    def _write(self, keys: tuple[_Held, ...]) -> None:
        content = {
            "keys": [
                {
                    "retired_at": held.retired_at.isoformat() if held.retired_at else None,
                    "jwk": held.key.as_dict(private=True),
                }
                for held in keys
            ]
        }
        _replace(self._file, json.dumps(content, indent=1).encode())


def _new_key() -> ECKey:
    return ECKey.generate_key(CURVE, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)


def _parse(file: Path) -> tuple[_Held, ...]:
    try:
        entries = json.loads(file.read_bytes())["keys"]
        keys = tuple(
            _Held(
                ECKey.import_key(entry["jwk"]),
                datetime.fromisoformat(entry["retired_at"]) if entry["retired_at"] else None,
            )
            for entry in entries
        )
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        # Only the kind of error: its text could quote the private key.
        raise KeyFileFault(f"{file} is damaged ({type(error).__name__})") from None
    if sum(held.retired_at is None for held in keys) != 1:
        raise KeyFileFault(f"{file} does not hold exactly one active key")
    return keys


def _replace(file: Path, content: bytes) -> None:
    """Writes beside the file and renames, so that a reader sees the old or the new one whole."""
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """One process at a time changes the file; the lock ends with its holder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(file.with_name(f".{file.name}.lock"), os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
