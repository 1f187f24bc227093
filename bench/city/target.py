"""What the hub is measured against: ratios of requests per second in one run, which must and which aim to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HUB, CACHED = "hub", "hub-cached"
POSTGRAPHILE = ("postgraphile", "postgraphile-2")
STRAWBERRY, FIXED = ("strawberry",), ("fixed",)
BARE, LOOP = ("bare",), ("bare loop",)


@dataclass(frozen=True, slots=True)
class Target:
    """The hub's rate over the best rate of `rivals`; 0 where nothing is asked."""

    question: str
    rivals: tuple[str, ...]
    must: float = 0.0
    aim: float = 0.0

    @property
    def hub(self) -> str:
        return CACHED if self.question == "repeated" else HUB


@dataclass(frozen=True, slots=True)
class Reached:
    target: Target
    rival: str
    ratio: float

    @property
    def verdict(self) -> str:
        if self.target.aim and self.ratio >= self.target.aim:
            return "aim met"
        if self.target.must and self.ratio >= self.target.must:
            return "must met" if self.target.aim else "met"
        return "NOT MET" if self.target.must else "aim not met"


TARGETS: Sequence[Target] = (
    Target("Q1", POSTGRAPHILE, 1.5, 4),
    Target("Q1", STRAWBERRY, 25),
    Target("Q1", FIXED, aim=0.5),
    Target("Q2", POSTGRAPHILE, 2, 3.5),
    Target("Q2", STRAWBERRY, 20),
    Target("Q2", BARE, aim=3),
    Target("Q3", POSTGRAPHILE, 3, 3.5),
    Target("Q3", STRAWBERRY, 15),
    Target("Q3b", POSTGRAPHILE, 4.5, 7),
    Target("Q3b", STRAWBERRY, 25),
    Target("Q3b", BARE, 0.6, 0.85),
    Target("Q4", POSTGRAPHILE, 2.5, 4),
    Target("Q4", STRAWBERRY, 60),
    Target("Q5", POSTGRAPHILE, 5, 12),
    Target("Q5", BARE, 0.9),
    Target("Q6", POSTGRAPHILE, 5, 12),
    Target("Q6", STRAWBERRY, 80),
    Target("repeated", POSTGRAPHILE, 5),
    Target("repeated", FIXED, aim=0.7),
)


def reached(rates: Mapping[str, Mapping[str, float]]) -> list[Reached]:
    """`rates` by question and contender; what was not measured is left out."""
    found = []
    for target in TARGETS:
        told = rates.get(target.question, {})
        rivals = {name: told[name] for name in target.rivals if name in told}
        if rivals and target.hub in told:
            best = max(rivals, key=lambda name: rivals[name])
            found.append(Reached(target, best, told[target.hub] / rivals[best]))
    return found
