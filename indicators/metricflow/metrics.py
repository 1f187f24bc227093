"""A metric -> a calculation as a definition's file holds it.

Metrics name each other by their codes. A filter on a metric goes down to the rows of all that it is made
of, as MetricFlow does; so where there is one, the metric's own calculation stands in place of its code.
A metric that is made of a refused one is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.indicators.period import FINE_TO_COARSE, Grain
from indicators.metricflow.filters import texts_of
from indicators.metricflow.formulas import formula
from indicators.metricflow.measures import Aggregated, aggregated, calculation
from indicators.metricflow.refusal import Body, Refused, Stated, bodies, mapping, only
from indicators.metricflow.semantic import GRAINS, SAID, Models, SemanticModel

Calculation = dict[str, object] | str
"""A body, or the code of another indicator."""
LONGEST = 64
INPUT = ("name", "filter", "alias")
OFFSETS = ("offset_window", "offset_to_grain")


@dataclass(frozen=True, slots=True)
class ImportedMetric:
    """`calculation`: as a file holds it, so that `catalog.indicators.reading` reads it. `zero`: a period
    without rows has the value zero.
    """

    code: str
    name: str
    definition: str
    calculation: dict[str, object]
    period: Grain
    zero: bool


class Metrics:
    """All metrics of a manifest; each is imported or refused when it is asked for."""

    def __init__(self, models: Models, metrics: Mapping[str, Stated]) -> None:
        self._models = models
        self._metrics = metrics
        self._measures = {
            name: model for model in models.by_name.values() for name in model.measures
        }
        self._asked: list[str] = []

    def metric(self, name: str) -> ImportedMetric:
        """Refused with the reason."""
        stated = self._stated(name)
        only(stated.body, *SAID, "type", "type_params", "filter", "time_granularity")
        if len(name) > LONGEST:
            raise Refused(f"a code has {LONGEST} characters at most.", ("name",))
        return ImportedMetric(
            code=name,
            name=str(stated.body.get("label") or name),
            definition=str(stated.body.get("description") or "").strip(),
            calculation=self._made(name, ()),
            period=self._period(name),
            zero=self._zero(name),
        )

    # -- what it is made of --------------------------------------------------------------------

    def _made(self, name: str, filters: Sequence[str]) -> dict[str, object]:
        """Its own calculation with further filters, which hold for all rows below."""
        stated = self._stated(name)
        if name in self._asked:
            raise Refused(f"a cycle: {' -> '.join([*self._asked, name])}.")
        self._asked.append(name)
        try:
            return self._of_type(stated, (*filters, *texts_of(stated.body.get("filter"))))
        finally:
            self._asked.pop()

    def _of_type(self, stated: Stated, filters: Sequence[str]) -> dict[str, object]:
        params = self._params(stated)
        match str(stated.body.get("type", "")).lower():
            case "simple":
                return self._simple(stated, params, filters)
            case "ratio":
                only(params, "numerator", "denominator", path=("type_params",))
                sides = {key: self._input(params.get(key), filters) for key in params}
                return {"ratio": sides}
            case "derived":
                return self._derived(params, filters)
            case "cumulative":
                return self._cumulative(params, filters)
            case "conversion":
                raise Refused("a conversion follows one entity from event to event; no type does.")
            case other:
                raise Refused(f"the type {other!r} is not known.", ("type",))

    def _simple(self, stated: Stated, params: Body, filters: Sequence[str]) -> dict[str, object]:
        of, own, spine = self._aggregated(stated, params)
        every = (*filters, *own)
        if spine and any("metric_time" in text for text in every):
            raise Refused(
                "a filter by time would leave days out of the spine; there are none here."
            )
        return calculation(of, every, self._models)

    def _derived(self, params: Body, filters: Sequence[str]) -> dict[str, object]:
        only(params, "expr", "metrics", path=("type_params",))
        terms: dict[str, object] = {}
        for index, each in enumerate(bodies(params.get("metrics"), ("type_params", "metrics"))):
            path = ("type_params", "metrics", index)
            only(each, *INPUT, *OFFSETS, path=path)
            term = str(each.get("alias") or each.get("name"))
            if term in terms:
                raise Refused(f"two inputs are called {term}; give one an alias.", path)
            of = self._shifted(each, self._input(each, filters))
            if of != term:
                terms[term] = of
        body: dict[str, object] = {"formula": formula(str(params.get("expr", "")))}
        return {"derived": {**body, "terms": terms} if terms else body}

    def _cumulative(self, params: Body, filters: Sequence[str]) -> dict[str, object]:
        further = mapping(params.get("cumulative_type_params") or {}, ("type_params",))
        only(params, "measure", "window", "grain_to_date", "cumulative_type_params")
        only(further, "window", "grain_to_date", "period_agg", "metric")
        of = self._accumulated(params, further, filters)
        window = further.get("window") or params.get("window")
        grain = further.get("grain_to_date") or params.get("grain_to_date")
        if window is not None:
            return {"rolling": {"of": of, "window": _window(window)}}
        if grain is not None:
            return {"to_date": {"of": of, "grain": str(_grain(grain))}}
        return {"cumulative": {"of": of}}

    def _accumulated(self, params: Body, further: Body, filters: Sequence[str]) -> Calculation:
        if "metric" in further:
            return self._input(further["metric"], filters)
        of, own, _ = self._measured(params.get("measure"))
        return calculation(of, (*filters, *own), self._models)

    def _input(self, value: object, filters: Sequence[str]) -> Calculation:
        """Its code where nothing more is asked of it."""
        body = {"name": value} if isinstance(value, str) else mapping(value, ("type_params",))
        only(body, *INPUT, *OFFSETS)
        name, own = str(body.get("name")), texts_of(body.get("filter"))
        if filters or own:
            if self._zero(name):
                raise Refused(f"a filter on {name}, whose empty periods are zero.")
            return self._made(name, (*filters, *own))
        self._made(name, ())  # a refused one is told of here
        return name

    def _shifted(self, body: Body, of: Calculation) -> Calculation:
        if body.get("offset_window") is not None:
            return {"offset": {"of": of, "window": _window(body["offset_window"])}}
        if body.get("offset_to_grain") is not None:
            return {"offset": {"of": of, "start_of": str(_grain(body["offset_to_grain"]))}}
        return of

    # -- simple ones ---------------------------------------------------------------------------

    def _aggregated(self, stated: Stated, params: Body) -> tuple[Aggregated, tuple[str, ...], bool]:
        """What is aggregated, the filters of the measure, and whether days without rows are shown."""
        own = params.get("metric_aggregation_params")
        if own is None:
            only(params, "measure", path=("type_params",))
            return self._measured(params.get("measure"))
        only(
            params, "metric_aggregation_params", "expr", "join_to_timespine", "fill_nulls_with",
            path=("type_params",),
        )  # fmt: skip
        body = mapping(own, ("type_params", "metric_aggregation_params"))
        model = self._model(str(body.get("semantic_model")))
        of = aggregated(model, {**body, "expr": params.get("expr")}, stated.name)
        _check_fill(params)
        return of, (), bool(params.get("join_to_timespine"))

    def _measured(self, value: object) -> tuple[Aggregated, tuple[str, ...], bool]:
        body = {"name": value} if isinstance(value, str) else mapping(value, ("type_params",))
        only(body, *INPUT, "join_to_timespine", "fill_nulls_with")
        name = str(body.get("name"))
        model = self._measures.get(name)
        if model is None:
            raise Refused(f"no model that could be read has the measure {name}.")
        _check_fill(body)
        of = aggregated(model, model.measures[name], name)
        return of, texts_of(body.get("filter")), bool(body.get("join_to_timespine"))

    def _model(self, name: str) -> SemanticModel:
        found = self._models.by_name.get(name)
        if found is None:
            raise Refused(f"no model {name} could be read.")
        return found

    def _stated(self, name: str) -> Stated:
        found = self._metrics.get(name)
        if found is None:
            raise Refused(f"there is no metric {name}.")
        return found

    @staticmethod
    def _params(stated: Stated) -> Body:
        return mapping(stated.body.get("type_params"), ("type_params",))

    # -- its periods ---------------------------------------------------------------------------

    def _period(self, name: str) -> Grain:
        """The coarsest of what it is made of."""
        grains = [of.grain for of in self._leaves(name)]
        return max(grains, key=FINE_TO_COARSE.index)

    def _leaves(self, name: str) -> list[Aggregated]:
        stated = self._stated(name)
        params = self._params(stated)
        kind = str(stated.body.get("type", "")).lower()
        if kind == "simple":
            return [self._aggregated(stated, params)[0]]
        further = params.get("cumulative_type_params")
        if kind == "cumulative" and not (isinstance(further, Mapping) and "metric" in further):
            return [self._measured(params.get("measure"))[0]]
        return [leaf for inner in _named(params) for leaf in self._leaves(inner)]

    def _zero(self, name: str) -> bool:
        params = self._params(self._stated(name))
        measure = params.get("measure")
        where = measure if isinstance(measure, Mapping) else params
        return where.get("fill_nulls_with") == 0


def _named(params: Body) -> list[str]:
    """The metrics that a metric is made of."""
    further = mapping(params.get("cumulative_type_params") or {}, ("type_params",))
    inputs = [params.get("numerator"), params.get("denominator"), further.get("metric")]
    inputs += bodies(params.get("metrics"), ("type_params", "metrics"))
    return [
        str(each.get("name")) if isinstance(each, Mapping) else str(each)
        for each in inputs
        if each is not None
    ]


def _check_fill(body: Body) -> None:
    fill = body.get("fill_nulls_with")
    if fill is not None and fill != 0:
        raise Refused(f"a period without rows has the value {fill}; it is zero here, or nothing.")
    if fill is not None and not body.get("join_to_timespine"):
        raise Refused("zero only where another metric has rows; here it is every period, or none.")


def _grain(value: object) -> Grain:
    text = str(value).lower()
    found = GRAINS.get(text) or GRAINS.get(text.removesuffix("s"))
    if found is None:
        raise Refused(f"{value} is no grain here: {', '.join(GRAINS)}.")
    return found


def _window(value: object) -> dict[str, object]:
    """`7 days`."""
    count, _, unit = str(value).strip().partition(" ")
    if not count.isdigit() or int(count) < 1:
        raise Refused(f"{value!r} is no window.")
    return {"count": int(count), "unit": str(_grain(unit.strip()))}
