from dataclasses import replace

from catalog.domain import Derivation
from catalog.ids import DatasetCode, GrantId, OrganisationCode
from catalog.sharing.provision import derivation_inputs
from tests.shared_data import READINGS, catalogue, grant


def test_a_derivation_reads_through_the_grant_whose_rows_show_the_most() -> None:
    """Not through the one that has more columns, but for aggregates only."""
    derivation = Derivation(
        data_set=DatasetCode("high_water"),
        owner=OrganisationCode("cq_shapingba"),
        purpose="防汛研判",
        sql="",
        inputs=(READINGS,),
        parameters={},
    )
    columns = ["station_code", "observed_at", "level_m", "place_code"]
    hidden = grant(READINGS, columns, aggregate=["level_m", "place_code"])
    shown = replace(grant(READINGS, columns[:3]), id=GrantId("shown"))
    held = [replace(each, derivation=True) for each in (hidden, shown)]
    found = derivation_inputs(derivation, catalogue(), lambda _: held)[READINGS]
    assert found is not None
    assert found.id == "shown"
