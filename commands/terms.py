"""A request's terms from a YAML or JSON file, as people write them: `data_set` as well as `dataSet`.

What the terms mean and whether they suffice is the hub's to say.
"""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import yaml

from catalog.contracts import camel
from commands.catalogue import content_of
from commands.errors import WrongUsage


def read_terms(file: Path) -> dict[str, object]:
    """WrongUsage names file and line of what is no YAML."""
    try:
        read = yaml.safe_load(content_of(file))
    except yaml.YAMLError as wrong:
        raise WrongUsage(f"{file}：不是有效的 YAML。It is not valid YAML: {wrong}") from None
    if not isinstance(read, Mapping):
        raise WrongUsage(
            f"{file}：应为“键: 值”的列表，见 docs/commands.md。"
            f"{file}: write one `key: value` per line, as docs/commands.md shows."
        )
    return _named(read)


def _named(fields: Mapping[object, object]) -> dict[str, object]:
    return {camel(str(name)): _value(value) for name, value in fields.items()}


def _value(value: object) -> object:
    match value:
        case Mapping():
            return _named(value)
        case list():
            return [_item(item) for item in value]
        case datetime():
            return value.isoformat()
        case date():
            raise WrongUsage(
                f"日期 {value} 须写明时刻与时区，如 {value}T23:59:59+08:00。"
                f"Write the date {value} with time and zone: {value}T23:59:59+08:00."
            )
    return value


def _item(item: object) -> object:
    """In a list a number is a code: a place, a value of a condition."""
    return str(item) if isinstance(item, int) and not isinstance(item, bool) else _value(item)
