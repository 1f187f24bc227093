"""The operator's settings: environment variables with the prefix VITALHUB_ (documented in docs/settings.md)."""

import json
import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="VITALHUB_", frozen=True, extra="forbid")

    home: Path = Path("var")
    """Where the state stands: registry, warehouse, landing, keys, usage log."""
    city: Path = Path(__file__).parent / "cities" / "chongqing"
    """The folder of declared content."""
    registry_url: str | None = None
    """An SQLAlchemy address; default: an SQLite file in `home`."""
    host: str = "127.0.0.1"
    port: int = 8000
    address: str | None = None
    """The hub's public address, which its tokens name as issuer; default: http://host:port."""
    connections: Path | None = None
    """The operator's file of source addresses and credentials; default: `home`/connections.yaml."""
    threads: int = Field(default_factory=lambda: os.cpu_count() or 2, ge=1)
    """Query threads; those that work at heavy statements stand back for what answers at once."""
    providers: Path | None = None
    """The operator's file of outside identity providers; default: `home`/providers.yaml."""
    memory_limit: str = "2GB"
    """The engine's memory limit."""
    readers: int = Field(default=0, ge=0, le=64)
    """Processes that answer from the row mirror beside the server; 0: it answers alone."""
    mirror: bool = True
    """Whether the sets that declare it are kept in the row mirror, too."""
    mirror_wait_seconds: float = Field(default=300.0, ge=0)
    """How long a publication waits until its mirror is brought along; 0: never."""
    query_seconds: float = Field(default=10.0, gt=0)
    """A single operation's time limit."""
    price_budget: int = Field(default=50_000_000, ge=1)
    """Rows that a single operation may read; see docs/http.md."""
    result_cache_mb: int = Field(default=64, ge=0)
    """What may be kept of answers, in MiB; 0: none are."""
    export_rows: int = Field(default=10_000_000, ge=1, le=100_000_000)
    """Rows that one export may bring."""
    export_seconds: float = Field(default=600.0, gt=0)
    """How long one export may take."""
    get_queries: bool = False
    """Whether GET takes any query, not persisted ones alone."""
    live_sockets: int = Field(default=2_000, ge=0)
    """Websockets of all callers together."""
    live_client_sockets: int = Field(default=200, ge=1)
    """Websockets of one client."""
    live_operations: int = Field(default=10, ge=1)
    """Operations that one websocket carries at a time."""
    live_origins: tuple[str, ...] = ()
    """Pages of other hosts that may open a websocket."""

    def environment(self) -> dict[str, str]:
        """By which another process has the same settings, wherever it runs."""
        told = {name: value for name, value in self if value is not None}
        return {f"VITALHUB_{name.upper()}": _told(value) for name, value in told.items()}

    @property
    def issuer(self) -> str:
        return self.address or f"http://{self.host}:{self.port}"

    @property
    def registry(self) -> str:
        return self.registry_url or f"sqlite:///{self.home / 'registry.sqlite'}"

    @property
    def warehouse_file(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def mirror_file(self) -> Path:
        return self.home / "mirror.sqlite"

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def connections_file(self) -> Path:
        return self.connections or self.home / "connections.yaml"

    @property
    def providers_file(self) -> Path:
        return self.providers or self.home / "providers.yaml"


def _told(value: object) -> str:
    if isinstance(value, Path):
        return str(value.absolute())
    return json.dumps(value) if isinstance(value, tuple) else str(value)
