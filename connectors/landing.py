"""The landing: each load is written once, whole, and then never changed.

Rules: raw.parquet and manifest.json are written and synced in `.incoming/<mark>-<random>/` and only
a rename makes a load of them, so a load is there or it is not; the load id comes from the source,
the data set and the input's identity, so the same input again is the same load; the digest covers
the values alone (not the file's name, not how they were paged); the same id with other content is
a fault, never an overwrite; leftovers of dead workers are swept.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.clock import Clock
from catalog.contracts import Contract
from catalog.ids import DatasetCode, LoadId, SourceId
from connectors.columns import LINE, Layout
from connectors.content import GROUP_ROWS, add_values, groups
from connectors.errors import LandingConflict
from connectors.source import Extraction

INCOMING = ".incoming"
RAW, MANIFEST = "raw.parquet", "manifest.json"


@dataclass(frozen=True, slots=True)
class Landed:
    """A load on disk. `folder` is below `.incoming` until it is handed over."""

    load_id: LoadId
    folder: Path
    raw: Path
    rows: int
    digest: str
    cursor: Mapping[str, object] | None
    origin: str
    source: SourceId
    data_set: DatasetCode


def load_id(source: SourceId, data_set: DatasetCode, identity: str) -> LoadId:
    return LoadId(hashlib.sha256(f"{source}|{data_set}|{identity}".encode()).hexdigest()[:32])


def land(
    extraction: Extraction, source: SourceId, contract: Contract, landing: Path, clock: Clock
) -> Landed:
    """Write the extraction; whatever it raises, nothing of it stays behind."""
    folder = landing / INCOMING / f"{process_mark(os.getpid())}-{secrets.token_hex(8)}"
    folder.mkdir(parents=True, mode=0o700)
    try:
        rows, digest = _write_raw(extraction, contract, folder / RAW)
        landed = Landed(
            load_id=load_id(source, contract.data_set, extraction.identity()),
            folder=folder,
            raw=folder / RAW,
            rows=rows,
            digest=digest,
            cursor=extraction.cursor(),
            origin=extraction.origin,
            source=source,
            data_set=contract.data_set,
        )
        _write_manifest(landed, contract, clock)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return landed


def hand_over(landed: Landed, verdict_summary: Mapping[str, object], landing: Path) -> Path:
    """Rename the load into place with its verdict; LandingConflict for other content."""
    target = landing / landed.load_id
    manifest = read_manifest(landed.folder)
    write_json(landed.folder / MANIFEST, {**manifest, "verdict": dict(verdict_summary)})
    for file in landed.folder.iterdir():
        sync(file)
    sync(landed.folder)
    try:
        landed.folder.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        _same_or_conflict(landed, target)
        shutil.rmtree(landed.folder, ignore_errors=True)
    sync(landing)
    return target


def discard(landed: Landed) -> None:
    """Drop what is left of a load that was not handed over: known already, or a fault came."""
    if landed.folder.parent.name == INCOMING:
        shutil.rmtree(landed.folder, ignore_errors=True)


def sweep(landing: Path) -> tuple[str, ...]:
    """Remove what dead workers left in `.incoming`; the names removed."""
    removed = []
    for folder in sorted((landing / INCOMING).glob("*-*")):
        mark = folder.name.rpartition("-")[0]
        if process_mark(int(mark.partition(".")[0])) != mark:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
    return tuple(removed)


def handed_over(landing: Path) -> Iterator[tuple[LoadId, Path]]:
    """The loads in place, oldest first."""
    folders = [f for f in landing.iterdir() if (f / MANIFEST).is_file()] if landing.is_dir() else []
    for folder in sorted(folders, key=lambda f: (f / MANIFEST).stat().st_mtime_ns):
        yield LoadId(folder.name), folder


def read_manifest(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / MANIFEST).read_text("utf-8"))
    return content


def reopened(folder: Path) -> Landed:
    """A load in place, from its manifest."""
    manifest = read_manifest(folder)
    cursor = manifest["cursor"]
    return Landed(
        load_id=LoadId(str(manifest["load_id"])),
        folder=folder,
        raw=folder / RAW,
        rows=int(str(manifest["rows"])),
        digest=str(manifest["digest"]),
        cursor=cursor if isinstance(cursor, dict) else None,
        origin=str(manifest["origin"]),
        source=SourceId(str(manifest["source"])),
        data_set=DatasetCode(str(manifest["data_set"])),
    )


def process_mark(pid: int) -> str:
    """`pid.start`, so that a new process with an old number is not taken for the old one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
        state, *rest = stat.rpartition(")")[2].split()
        return f"{pid}.gone" if state in "ZX" else f"{pid}.{rest[18]}"
    except OSError:
        return f"{pid}.{'0' if _alive(pid) else 'gone'}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sync(path: Path) -> None:
    """Make a file or a folder's entries survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(file: Path, content: Mapping[str, object]) -> None:
    """Replace a JSON file whole."""
    part = file.with_suffix(".part")
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    part.write_text(text, "utf-8")
    sync(part)
    part.replace(file)


def _write_raw(extraction: Extraction, contract: Contract, raw: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    rows = 0
    writer: pq.ParquetWriter | None = None
    try:
        for group in groups(extraction.batches()):
            writer = writer or _writer(raw, group.schema)
            writer.write_batch(group, row_group_size=GROUP_ROWS)
            add_values(digest, group)
            rows += group.num_rows
        if writer is None:
            writer = _writer(raw, Layout(contract).schema)
    finally:
        if writer is not None:
            writer.close()
    sync(raw)
    return rows, digest.hexdigest()


def _writer(raw: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Numbers of rising lines gain nothing from a dictionary; the text columns do.
    texts = [field.name for field in schema if field.name != LINE]
    return pq.ParquetWriter(raw, schema, compression="zstd", use_dictionary=texts)


def _write_manifest(landed: Landed, contract: Contract, clock: Clock) -> None:
    content: dict[str, object] = {
        "load_id": landed.load_id,
        "source": landed.source,
        "data_set": landed.data_set,
        "origin": landed.origin,
        "rows": landed.rows,
        "digest": landed.digest,
        "cursor": None if landed.cursor is None else dict(landed.cursor),
        "contract": {"version": contract.version, "digest": contract.digest},
        "columns": pq.read_schema(landed.raw).names,
        "landed_at": clock.now().isoformat(),
    }
    write_json(landed.folder / MANIFEST, content)
    sync(landed.folder)


def _same_or_conflict(landed: Landed, target: Path) -> None:
    there = read_manifest(target)["digest"]
    if there != landed.digest:
        raise LandingConflict(
            f"load {landed.load_id} of {landed.data_set} ({landed.origin}) is already in place "
            f"with digest {there}, now {landed.digest}"
        )
