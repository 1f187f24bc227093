"""A measure, or a simple metric that aggregates by itself -> a calculation over rows.

What is said of it is a body as a definition's file holds it. A sum of a constant one is a count of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.indicators.period import Grain
from indicators.metricflow.filters import condition, elements_of
from indicators.metricflow.formulas import constant, formula
from indicators.metricflow.refusal import Body, Refused, mapping, only
from indicators.metricflow.semantic import SAID, Models, SemanticModel

AGGREGATIONS = {"sum": "sum", "min": "min", "max": "max", "average": "average", "count": "count"}
PICKS = {"min": "first", "max": "last"}
PARAMETERS = ("percentile", "use_discrete_percentile", "use_approximate_percentile")


@dataclass(frozen=True, slots=True)
class Aggregated:
    """What is aggregated, of which model, in whose periods."""

    model: SemanticModel
    time: str
    agg: str
    expression: str
    parameters: Body
    non_additive: Body | None

    @property
    def grain(self) -> Grain:
        grain = self.model.dimensions[self.time].grain
        assert grain is not None  # noqa: S101 - checked when it was read
        return grain


def aggregated(model: SemanticModel, body: Body, name: str) -> Aggregated:
    """From a measure, or from a metric's own `metric_aggregation_params` with its `expr`."""
    only(
        body, *SAID, "agg", "expr", "agg_params", "agg_time_dimension", "non_additive_dimension",
        "create_metric", "create_metric_display_name", "semantic_model",
    )  # fmt: skip
    time = str(body.get("agg_time_dimension") or model.default_time or "")
    if time not in model.dimensions or model.dimensions[time].grain is None:
        raise Refused(f"{name} has no time dimension to be counted by.")
    if not model.dimensions[time].column:
        raise Refused(f"the time {time} is an expression; share it as a column.")
    written = body.get("expr")
    parameters = mapping(body.get("agg_params") or {}, ("agg_params",))
    only(parameters, *PARAMETERS)
    non_additive = body.get("non_additive_dimension")
    return Aggregated(
        model,
        time,
        str(body.get("agg", "")).lower(),
        name if written is None else str(written),
        parameters,
        None if non_additive is None else mapping(non_additive, ("non_additive_dimension",)),
    )


def calculation(of: Aggregated, filters: Sequence[str], models: Models) -> dict[str, object]:
    """A body with one type. Refused for what no type here is."""
    rows = _rows(of, filters, models)
    if of.non_additive is not None:
        return {"semi_additive": {**rows, **_stock(of, of.non_additive)}}
    match of.agg:
        case "count_distinct":
            return {"distinct": {**rows, "value": formula(of.expression)}}
        case "median":
            return {"percentile": {**rows, "value": formula(of.expression), "fraction": "0.5"}}
        case "percentile":
            return {"percentile": {**rows, **_percentile(of)}}
        case "sum_boolean":
            raise Refused("a sum of true and false is no arithmetic here; count with a filter.")
    if of.agg not in AGGREGATIONS:
        raise Refused(f"the aggregation {of.agg!r} is not known.")
    return {"simple": {**rows, **_simple(of)}}


def _simple(of: Aggregated) -> Body:
    number = constant(of.expression)
    if of.agg == "count" and number is not None:
        return {"aggregation": "count"}
    if of.agg == "sum" and number == 1:
        return {"aggregation": "count"}
    if number is not None:
        raise Refused(f"{of.agg} of the constant {number} is told by no column.")
    return {"aggregation": AGGREGATIONS[of.agg], "value": formula(of.expression)}


def _percentile(of: Aggregated) -> Body:
    if of.parameters.get("use_discrete_percentile"):
        raise Refused("a discrete percentile; here it is interpolated between rows.")
    if of.parameters.get("use_approximate_percentile"):
        raise Refused("an approximate percentile; here it is exact.")
    fraction = of.parameters.get("percentile")
    if not isinstance(fraction, int | float):
        raise Refused("a percentile says which one.")
    return {"value": formula(of.expression), "fraction": str(fraction)}


def _stock(of: Aggregated, non_additive: Body) -> Body:
    """One row of each entity and instant is needed: several would be added up there and picked from here."""
    only(non_additive, "name", "window_choice", "window_groupings")
    groupings = non_additive.get("window_groupings") or []
    if not isinstance(groupings, list) or not groupings:
        raise Refused(
            "it takes the first or last day of all entities together, and drops who was silent then;"
            " name what is counted as window_groupings."
        )
    key = of.model.key
    if key is None or key.name not in groupings:
        raise Refused("window_groupings without the primary entity: several rows stand for one.")
    if str(non_additive.get("name")) != of.time:
        raise Refused("it is picked by another time than it is counted by.")
    entities = [of.model.entities.get(str(name)) for name in groupings]
    if not all(each is not None and each.column for each in entities):
        raise Refused("window_groupings name an entity that is no column.")
    if of.agg not in AGGREGATIONS:
        raise Refused(f"the aggregation {of.agg!r} across entities is not known.")
    return {
        "value": formula(of.expression),
        "entity": [each.column for each in entities if each is not None],
        "pick": PICKS[str(non_additive.get("window_choice", "")).lower()],
        "across": AGGREGATIONS[of.agg],
    }


def _rows(of: Aggregated, filters: Sequence[str], models: Models) -> dict[str, object]:
    model = of.model
    rows: dict[str, object] = {
        "data_set": str(model.data_set),
        "time": model.dimensions[of.time].column,
    }
    terms = [
        condition(text, lambda named: models.column(model, named, of.time)) for text in filters
    ]
    if terms:
        rows["where"] = terms[0] if len(terms) == 1 else {"all": terms}
    via = models.via(model, [named for text in filters for named in elements_of(text)])
    if via:
        rows["via"] = list(via)
    return rows
