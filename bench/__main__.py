"""`make bench`: every figure as a ratio between contenders of one run, on this machine, now.

Absolute times on a shared machine say little; what one contender costs beside another says much.
Run one part with `make bench ARGS=serving` (or publishing, loading, schema, fairness, live, edge, exporting, alerts, signs). The hub
beside its peers at a city's scale is asked for by name: `make bench ARGS="city --scale small"`; so is what
readers notice of a large load: `make bench ARGS="busy --scale full"`, and publishing at another size than the
default: `make bench ARGS="publishing --rows 10000000"`.
"""

import sys
from collections.abc import Callable, Mapping

from bench.alerts import alerts
from bench.busy import busy
from bench.city.command import city
from bench.edge import edge
from bench.exporting import exporting
from bench.fairness import fairness
from bench.live import live
from bench.loading import loading
from bench.measure import Table
from bench.publishing import publishing
from bench.schema import schema
from bench.serving import serving
from bench.signs import signs

PARTS: Mapping[str, Callable[[], Table]] = {
    "serving": serving,
    "publishing": publishing,
    "loading": loading,
    "schema": schema,
    "fairness": fairness,
    "live": live,
    "edge": edge,
    "exporting": exporting,
    "alerts": alerts,
    "signs": signs,
}


def main() -> int:
    if sys.argv[1:2] == ["city"]:
        return city(sys.argv[2:])
    if sys.argv[1:2] == ["busy"]:
        return busy(sys.argv[2:])
    if sys.argv[1:2] == ["publishing"] and sys.argv[2:3] and sys.argv[2].startswith("-"):
        print(publishing(sys.argv[2:]).text(), flush=True)
        return 0
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
        return 2
    for name in wanted:
        print(PARTS[name]().text(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
