"""Timing: contenders take turns, the best run of each counts, and ratios are printed beside targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter


@dataclass(slots=True)
class Table:
    """Rows of name, seconds, and what they mean as a ratio with its target."""

    title: str
    lines: list[str] = field(default_factory=list)

    def seconds(self, name: str, seconds: float, note: str = "") -> None:
        self.lines.append(f"  {name:<58}{seconds * 1000:>10.1f} ms  {note}")

    def ratio(self, name: str, value: float, target: str, *, met: bool) -> None:
        self.lines.append(f"  {name:<58}{value:>10.2f} x   {target}: {'met' if met else 'NOT MET'}")

    def figure(self, name: str, text: str) -> None:
        self.lines.append(f"  {name:<58}{text}")

    def text(self) -> str:
        return "\n".join([f"\n{self.title}", *self.lines])


def best_of(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of the best run of each; they take turns, so that noise meets all alike."""
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, run in contenders.items():
            start = perf_counter()
            run()
            best[name] = min(best[name], perf_counter() - start)
    return best
