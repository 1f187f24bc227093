"""Runs a Python contender on uvicorn: `python -m bench.city.contenders NAME PORT FILE-OR-FOLDER`."""

import sys
from pathlib import Path
from typing import Any

import uvicorn

from bench.city.contenders.bare import bare_app, opened
from bench.city.contenders.fixed import fixed_app
from bench.city.contenders.typed import TypedApp
from settings import Settings


def main() -> None:
    name, port, place = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    app: Any
    if name == "fixed":
        app = fixed_app(place)
    else:
        settings = Settings()
        connection = opened(place, settings.threads, settings.memory_limit)
        app = bare_app(connection) if name == "bare" else TypedApp(connection)
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", access_log=False,
        loop="uvloop", http="httptools", ws="none", timeout_keep_alive=60,
    )  # fmt: skip


if __name__ == "__main__":
    main()
