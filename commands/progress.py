"""Shows the first loads as they come in, until every data set is published."""

import time
from collections.abc import Callable, Mapping

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from catalog.catalogue import Catalogue
from catalog.ids import DatasetCode
from connectors.ledger import Ledger
from warehouse.engine import Publication

LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 180.0


class LoadingTooSlow(Exception):
    """Some data sets were not published in time."""


def show_loading(
    catalogue: Callable[[], Catalogue],
    latest: Callable[[], Mapping[DatasetCode, Publication]],
    ledger: Ledger,
    stopping: Callable[[], bool],
) -> bool:
    """Until each data set of the catalogue has a version; LoadingTooSlow names those that have none.

    False when it was stopped before.
    """
    contracts = catalogue().data_sets
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[rows]:>9,} 行 rows"),
        TimeElapsedColumn(),
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    with Progress(*columns) as progress:
        tasks = {
            code: progress.add_task(contract.title, total=1, rows=0)
            for code, contract in sorted(contracts.items())
        }
        waiting = set(tasks)
        while waiting and not stopping():
            if time.monotonic() > deadline:
                raise LoadingTooSlow(_problems(waiting, ledger))
            for code, publication in latest().items():
                if code in waiting:
                    progress.update(tasks[code], completed=1, rows=publication.rows)
                    waiting.discard(code)
            time.sleep(LOOK_SECONDS)
    return not waiting


def _problems(waiting: set[DatasetCode], ledger: Ledger) -> str:
    standings = ledger.feeds()
    told = [
        f"{code}: {standing.failures} failures"
        for (_, code), standing in standings.items()
        if code in waiting
    ]
    return "; ".join(told or sorted(waiting))
