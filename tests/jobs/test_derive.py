from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from catalog.domain import Derivation
from catalog.ids import DatasetCode
from catalog.sharing.grant import Grant
from connectors.models import LoadState
from jobs.derive import Deriver, derived_load
from tests.crash.town import BUREAU
from tests.jobs.works import HIGH_WATER, STATION, Works


def deriver(works: Works) -> Deriver:
    hub = works.hub
    return Deriver(hub.engine, works.intake, hub.sharing.derivation_inputs, "key", works.clock)


def derive(works: Works) -> None:
    deriver(works).run(works.catalogue, HIGH_WATER)


def derived(works: Works) -> list[tuple[str, int]]:
    return [(load.state, load.rows) for load in works.loads() if load.source == "derived"]


def publish_readings(works: Works) -> None:
    works.town.add(4)
    (load,) = works.extract(BUREAU)
    works.publish(load)


def test_a_derived_data_set_is_a_load_like_any_other(works: Works) -> None:
    works.publish_stations()
    publish_readings(works)
    derive(works)
    assert derived(works) == [(LoadState.HANDED_OVER, 1)]


def test_the_same_versions_of_the_inputs_give_the_same_load(works: Works) -> None:
    works.publish_stations()
    publish_readings(works)
    derive(works)
    derive(works)
    assert len(derived(works)) == 1
    publish_readings(works)
    derive(works)
    assert len(derived(works)) == 2


def test_the_load_that_deriving_would_have_is_known_before(works: Works) -> None:
    works.publish_stations()
    publish_readings(works)
    catalogue = works.catalogue
    derivation = catalogue.derivations[HIGH_WATER]
    found = works.hub.sharing.derivation_inputs(derivation)
    grants = {code: grant for code, grant in found.items() if grant is not None}
    load = derived_load(derivation, catalogue, grants, works.hub.engine.latest())
    derive(works)
    assert works.hub.ledger.settled(load)
    other = replace(derivation, parameters={"margin_m": 3})
    assert derived_load(other, catalogue, grants, works.hub.engine.latest()) != load


def test_no_row_is_an_answer_too(works: Works) -> None:
    works.publish_stations()
    derive(works)
    assert derived(works) == [(LoadState.HANDED_OVER, 0)]


def test_nothing_is_built_while_an_input_may_not_be_read(works: Works) -> None:
    works.publish_stations()
    publish_readings(works)

    def withdrawn(derivation: Derivation, at: datetime) -> Mapping[DatasetCode, Grant | None]:
        return {**works.hub.sharing.derivation_inputs(derivation, at), STATION: None}

    replace(deriver(works), inputs=withdrawn).run(works.catalogue, HIGH_WATER)
    assert derived(works) == []


def test_what_is_no_longer_declared_is_left_alone(works: Works) -> None:
    deriver(works).run(works.catalogue, DatasetCode("nothing"))
    assert derived(works) == []
