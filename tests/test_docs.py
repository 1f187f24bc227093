"""The documents are true: what exists has its heading, what has a heading exists."""

import importlib
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from access.roles import Capability
from catalog.errors import VitalhubError
from schema.core.assembly import core_schema
from settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGES = [
    "registry",
    "catalog",
    "query",
    "warehouse",
    "connectors",
    "indicators",
    "quality",
    "access",
    "jobs",
    "schema",
]


def modules() -> Iterator[str]:
    for package in PACKAGES:
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not found.name.endswith("expectations"):  # Great Expectations has its own test
                yield found.name


def error_codes() -> set[str]:
    for module in modules():
        importlib.import_module(module)
    found, pending = set(), [VitalhubError]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if "code" in vars(kind) and kind.__module__.split(".")[0] in PACKAGES:
            found.add(kind.code)
    return found


def headings(page: str) -> set[str]:
    text = (ROOT / "docs" / page).read_text("utf-8")
    return set(re.findall(r"^#{2,4} `?([A-Za-z0-9_ -]+?)`?(?: .*)?$", text, re.MULTILINE))


def test_every_error_code_has_its_heading_and_no_heading_lacks_its_code() -> None:
    documented = {name for name in headings("errors.md") if name.isupper()}
    assert error_codes() == documented


def test_every_setting_has_its_heading() -> None:
    documented = {name for name in headings("settings.md") if name.startswith("VITALHUB_")}
    assert documented == {f"VITALHUB_{name.upper()}" for name in Settings.model_fields}


def test_every_core_field_of_the_api_has_its_heading() -> None:
    core = core_schema(frozenset(Capability))
    roots = [core.query_type, core.mutation_type]
    fields = {name for root in roots if root is not None for name in root.fields}
    documented = headings("graphql.md") - {"Data", "Query", "Mutation"}
    assert fields == documented


def test_every_folder_stands_in_the_architecture_page() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    listed = set(re.findall(r"^\| `([a-z]+)/`", text, re.MULTILINE))
    tracked = {f.parent.name for f in ROOT.glob("*/__init__.py")} | {
        "cities",
        "console",
        "docs",
        "examples",
        "migrations",
    }
    assert listed == tracked


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    names = {re.split(r"[\[<>=]", name)[0] for name in wanted}
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    missing = {n for n in names if not re.search(rf"(\| |, ){re.escape(n)}[,\s]", text)}
    assert not {n for n in missing if not n.startswith("types-")}


def test_a_data_contract_has_one_chinese_name() -> None:
    """契约: neither 合约 nor 合同, which are the lawyers' and the buyers'."""
    others = ("\u5408\u7ea6", "\u5408\u540c")
    texts = [
        f for p in [*PACKAGES, "commands", "hub", "console", "docs"] for f in (ROOT / p).rglob("*")
    ]
    mixed = [
        str(f.relative_to(ROOT))
        for f in texts
        if f.suffix in {".py", ".html", ".js", ".md"}
        and any(o in f.read_text("utf-8") for o in others)
    ]
    assert not mixed


def test_every_decision_page_states_the_decision_in_its_name() -> None:
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        assert re.fullmatch(r"\d{4}(-[a-z0-9]+){3,}\.md", page.name), page.name


def test_no_installed_distribution_provides_one_of_our_top_level_names() -> None:
    ours = {
        *PACKAGES,
        "server",
        "settings",
        "hub",
        "commands",
        "demo",
        "bench",
        "tests",
        "migrations",
    }
    site = Path(importlib.import_module("starlette").__file__ or "").parents[1]
    taken = {p.stem for p in site.iterdir() if p.suffix in {"", ".py"} and p.stem in ours}
    assert not taken


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_begins_with_the_two_commands(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert text.index("make serve") < text.index("make test") < 1500


PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "examples" / "README.md"]


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub names them."""
    titles = re.findall(r"^#{1,6} (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.strip().lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: str(p.relative_to(ROOT))
)
def test_every_link_within_the_documents_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("readme", PAGES[:2], ids=lambda p: p.name)
def test_the_readme_leads_to_every_page(readme: Path) -> None:
    text = readme.read_text("utf-8")
    missing = [p.name for p in (ROOT / "docs").glob("*.md") if f"(docs/{p.name})" not in text]
    assert not missing
