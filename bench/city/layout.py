"""Where the bench's data stand: one folder, nothing of it in the repository."""

from dataclasses import dataclass
from pathlib import Path

from bench.city.scale import Scale

ROOT = Path(__file__).parents[2]
CITY = ROOT / "cities" / "chongqing"


@dataclass(frozen=True, slots=True)
class Layout:
    """`data` holds a folder for each scale, and the tools that all scales share."""

    data: Path
    scale: Scale

    @property
    def own(self) -> Path:
        return self.data / self.scale.name

    @property
    def rows(self) -> Path:
        return self.own / "rows"

    @property
    def hub(self) -> Path:
        return self.own / "hub"

    @property
    def plain(self) -> Path:
        return self.own / "plain.duckdb"

    @property
    def fixed(self) -> Path:
        return self.own / "fixed"

    @property
    def postgres(self) -> Path:
        return self.own / "postgres"

    @property
    def tools(self) -> Path:
        return self.data / "tools"
