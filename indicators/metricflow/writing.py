"""An imported metric as the file of an indicator, with the terms that MetricFlow knows nothing of.

The file is what a domain's `indicators/` folder holds: a draft, which its department completes and signs.
"""

from dataclasses import dataclass
from datetime import date

import yaml

from catalog.ids import OrganisationCode
from catalog.indicators.indicator import Direction, IndicatorClass
from catalog.places import PlaceLevel
from indicators.metricflow.metrics import ImportedMetric


@dataclass(frozen=True, slots=True)
class Terms:
    """What the department says of all metrics of a manifest, until it says it of each."""

    theme: tuple[str, ...]
    lead: OrganisationCode
    steward: str
    effective_from: date
    lowest: PlaceLevel = PlaceLevel.CITY
    unit: str = ""
    decimals: int = 2
    direction: Direction = Direction.HIGHER
    kind: IndicatorClass = IndicatorClass.MONITOR


def indicator_text(metric: ImportedMetric, terms: Terms) -> str:
    """YAML that `catalog.indicators.reading` reads."""
    content: dict[str, object] = {
        "indicator": metric.code,
        "version": 1,
        "name": metric.name,
        "name_en": metric.name,
        "theme": list(terms.theme),
        "definition": metric.definition or metric.name,
        "unit": terms.unit,
        "decimals": terms.decimals,
        "direction": str(terms.direction),
        "class": str(terms.kind),
        "lead": str(terms.lead),
        "steward": terms.steward,
        "effective_from": terms.effective_from,
        "period": str(metric.period),
        "places": {"lowest": str(terms.lowest)},
        "calculation": metric.calculation,
    }
    if metric.zero:
        content["fill"] = {"kind": "zero"}
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
