"""The mirror's writer: a process of its own, so that neither the server's threads nor its event loop wait.

`python -m warehouse.mirror.writer FILE`, started by the server: orders come in by standard input, a line of
JSON each, and each is answered by a line. It ends at once when its input ends, whatever it is doing: what is
half done is no version. One of them at a time has the file, even while one that was left behind still ends.
"""

import fcntl
import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from warehouse.mirror.apply import Applier, Differs, forget
from warehouse.mirror.file import MirrorFile, is_broken
from warehouse.mirror.orders import BROKEN, DIFFERS, DONE, FAULT, Reply, Target
from warehouse.mirror.plan import plan_from
from warehouse.priority import process_stands_back

CONFLICT = "constraint failed"
"""What SQLite says of a key that is there already, or null."""


class Writer:
    """Does one order at a time."""

    def __init__(self, file: Path) -> None:
        self._file = MirrorFile(file)
        self._orders: Mapping[str, Callable[[Mapping[str, Any]], Reply]] = {
            "open": self._open,
            "change": lambda order: self._apply(order, _change),
            "build": lambda order: self._apply(order, _build),
            "take_place": lambda order: self._apply(order, _take_place),
            "unfit": lambda order: self._apply(order, _unfit),
            "forget": self._forget,
            "fold": self._fold,
            "close": self._close,
        }

    def do(self, order: Mapping[str, Any]) -> Reply:
        """Whatever goes wrong is said, and the next order finds the file closed."""
        try:
            return self._orders[order["do"]](order)
        except Differs as wrong:
            return Reply(DIFFERS, str(wrong))
        except Exception as wrong:  # noqa: BLE001 - the keeper decides what to do about it
            self._file.close()
            if CONFLICT in str(wrong):
                return Reply(DIFFERS, str(wrong))
            outcome = BROKEN if is_broken(wrong) else FAULT
            return Reply(outcome, f"{type(wrong).__name__}: {wrong}")

    def _open(self, order: Mapping[str, Any]) -> Reply:
        held = self._file.open(check=order["check"])
        return Reply(DONE, held=tuple(held), inode=self._file.inode)

    def _fold(self, _: Mapping[str, Any]) -> Reply:
        self._file.relieve()
        return Reply(DONE)

    def _close(self, _: Mapping[str, Any]) -> Reply:
        self._file.close()
        return Reply(DONE)

    def _apply(
        self, order: Mapping[str, Any], how: Callable[[Applier, Mapping[str, Any], Target], None]
    ) -> Reply:
        target = Target(order["seq"], order["mark"], order["rows"])
        how(Applier(self._file, plan_from(order["plan"])), order, target)
        return Reply(DONE)

    def _forget(self, order: Mapping[str, Any]) -> Reply:
        forget(self._file, order["data_set"])
        return Reply(DONE)


def _change(applier: Applier, order: Mapping[str, Any], target: Target) -> None:
    ended = Path(order["ended"]) if order["ended"] else None
    applier.change(_files(order), ended, target)


def _build(applier: Applier, order: Mapping[str, Any], _: Target) -> None:
    applier.build(_files(order))


def _take_place(applier: Applier, _: Mapping[str, Any], target: Target) -> None:
    applier.take_place(target)


def _unfit(applier: Applier, order: Mapping[str, Any], target: Target) -> None:
    applier.unfit(target, order["reason"])


def _files(order: Mapping[str, Any]) -> list[Path]:
    return [Path(file) for file in order["files"]]


def main() -> None:
    file = Path(sys.argv[1])
    os.umask(0o077)
    process_stands_back()
    orders: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()
    with file.with_name(file.name + ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        writer = Writer(file)
        while True:
            reply = writer.do(json.loads(orders.get()))
            sys.stdout.write(json.dumps(asdict(reply)) + "\n")
            sys.stdout.flush()


def _listen(orders: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        orders.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
