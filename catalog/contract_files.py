"""Contract files of either kind, told apart by their names: `*.odcs.yaml` and `*.interface.yaml`."""

from collections.abc import Mapping
from pathlib import Path

from catalog.contracts import Contract
from catalog.declaration import Document, KeyPath, read_document, text_of
from catalog.interfaces.declaration import SUFFIX, interface_text, own_document, read_interface
from catalog.odcs import read_contract

NAMES: Mapping[bool, KeyPath] = {True: ("interface",), False: ("schema", 0, "name")}
FOLDERS: Mapping[bool, str] = {True: "interfaces", False: "contracts"}


def is_interface(file: Path) -> bool:
    return file.name.endswith(SUFFIX)


def contract_files(folder: Path) -> tuple[Path, ...]:
    """Those of a domain folder."""
    return (
        *sorted((folder / FOLDERS[False]).glob("*.odcs.yaml")),
        *sorted((folder / FOLDERS[True]).glob(f"*{SUFFIX}")),
    )


def kept_text(file: Path) -> str:
    """What the registry keeps of a file: its text, an interface's with the document beside it."""
    return interface_text(file) if is_interface(file) else text_of(file)


def contract_of(file: Path, text: str) -> Contract:
    """The contract in a kept text, said to be `file`."""
    return (read_interface if is_interface(file) else read_contract)(file, text)


def contract_document(file: Path, text: str) -> Document:
    """What a complaint about the contract points into."""
    return (own_document if is_interface(file) else read_document)(file, text)


def name_path(file: Path) -> KeyPath:
    """Where a contract's file states its name."""
    return NAMES[is_interface(file)]


def kept_in(contract: Contract) -> str:
    """The folder of a domain that holds such files."""
    return FOLDERS[contract.interface is not None]
