"""The state machine of a catalogue entry: who takes which step, and what must be there first."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.actor import Person
from catalog.contracts import Classification, Level, SharingKind
from catalog.directories import (
    ACTION_LABELS,
    STATE_LABELS,
    STEPS,
    Entry,
    EntryAction,
    EntryFields,
    EntryState,
    Party,
    authorities,
    data_items,
    facts,
    missing_fields,
    step_for,
)
from catalog.errors import EntryIncomplete, EntryRefused, NotAllowed
from catalog.ids import ClientId, DatasetCode, OrganisationCode
from tests.catalog.conftest import NOW, OPERATOR, World, contract_text, organisations, person
from tests.catalog.test_store import domain_of

FIELDS = EntryFields(
    name="河道水情",
    data_items=("水位",),
    provider=OrganisationCode("cq_water"),
    format="接口",
    update_frequency="实时",
    sharing_kind=SharingKind.CONDITIONAL,
    sharing_mode="接口",
    conditions_of_use="防汛",
    classification=Classification.GENERAL,
    secrecy="不涉密",
    personal_information="不含",
)
ENTRY = Entry(
    code="river",
    fields=FIELDS,
    published=None,
    state=EntryState.DRAFT,
    level=Level.MUNICIPAL,
    domain=None,
    data_set=DatasetCode("river"),
    head=None,
    signed_at=None,
    created_at=NOW,
    updated_at=NOW,
)
STEWARD, REVIEWER = person("cq_water"), person("cq_bigdata")


def test_nothing_is_published_without_sign_off_and_review() -> None:
    into = {step.source for step in STEPS if step.target is EntryState.PUBLISHED}
    assert into == {EntryState.IN_REVIEW}
    assert {s.source for s in STEPS if s.target is EntryState.IN_REVIEW} == {
        EntryState.DEPARTMENT_APPROVED
    }
    (publish,) = [step for step in STEPS if step.action is EntryAction.PUBLISH]
    assert (publish.party, publish.independent, publish.complete) == (Party.AUTHORITY, True, True)


def test_every_state_is_reached_and_every_word_has_a_label() -> None:
    assert {step.target for step in STEPS} == set(EntryState)
    assert STATE_LABELS.keys() == set(EntryState)
    assert ACTION_LABELS.keys() == set(EntryAction)


@given(state=st.sampled_from(EntryState), action=st.sampled_from(EntryAction))
def test_a_step_outside_the_table_is_refused_and_says_what_is_possible(
    state: EntryState, action: EntryAction
) -> None:
    entry = replace(ENTRY, state=state)
    row = next((s for s in STEPS if (s.source, s.action) == (state, action)), None)
    if row is not None:
        assert step_for(entry, action, why="理由") is row
        return
    with pytest.raises(EntryRefused) as refused:
        step_for(entry, action, why="理由")
    for step in STEPS:
        if step.source is state:
            assert ACTION_LABELS[step.action] in refused.value.message_zh
            assert step.action.replace("_", " ") in refused.value.message_en
    assert STATE_LABELS[state] in refused.value.message_zh
    assert f"is {state.replace('_', ' ')}, so" in refused.value.message_en
    assert refused.value.message_en.isascii()


def test_an_incomplete_entry_gets_one_complete_list() -> None:
    empty = replace(FIELDS, update_frequency="", secrecy="", data_items=())
    assert missing_fields(empty) == ("data_items", "update_frequency", "secrecy")
    with pytest.raises(EntryIncomplete, match="data_items, update_frequency, secrecy") as told:
        step_for(replace(ENTRY, fields=empty), EntryAction.APPROVE)
    assert "数据项、更新频率、保密审查" in told.value.message_zh


def test_a_return_says_why() -> None:
    with pytest.raises(EntryIncomplete, match="a reason"):
        step_for(replace(ENTRY, state=EntryState.IN_REVIEW), EntryAction.RETURN, why=" ")


def test_who_has_no_authority_is_reviewed_by_the_citys() -> None:
    known = {o.code: o for o in organisations()}
    for code in ("cq_water", "mwr", "cq_bigdata", "nobody"):
        assert authorities(OrganisationCode(code), known) == {"cq_bigdata"}


def in_review(world: World) -> None:
    world.store.import_domain(domain_of(world, river=contract_text("river")), OPERATOR)
    world.store.assess("river", STEWARD, secrecy="不涉密", personal_information="不含")
    world.store.advance("river", EntryAction.APPROVE, STEWARD)
    world.store.advance("river", EntryAction.SUBMIT, STEWARD)


def test_the_whole_way_leaves_who_what_when_and_why(world: World) -> None:
    in_review(world)
    world.store.advance("river", EntryAction.RETURN, REVIEWER, "更新频率不实")
    world.store.assess("river", STEWARD, secrecy="已复核", personal_information="不含")
    world.store.advance("river", EntryAction.APPROVE, STEWARD)
    world.store.advance("river", EntryAction.SUBMIT, STEWARD)

    entry = world.store.advance("river", EntryAction.PUBLISH, REVIEWER)

    assert (entry.state, entry.published) == (EntryState.PUBLISHED, entry.fields)
    assert entry.head == "cq_water办公室主任"
    history = world.store.history("river")
    assert [event.action for event in history] == [
        EntryAction.REVISE,
        EntryAction.REVISE,
        EntryAction.APPROVE,
        EntryAction.SUBMIT,
        EntryAction.RETURN,
        EntryAction.REVISE,
        EntryAction.APPROVE,
        EntryAction.SUBMIT,
        EntryAction.PUBLISH,
    ]
    returned = history[4]
    assert (returned.by, returned.organisation, returned.why, returned.at) == (
        REVIEWER.client,
        "cq_bigdata",
        "更新频率不实",
        NOW,
    )


@pytest.mark.parametrize(
    ("actor", "action"),
    [
        (person("cq_water"), EntryAction.PUBLISH),
        (person("cq_bigdata", "app"), EntryAction.PUBLISH),
        (person("cq_shapingba"), EntryAction.RETURN),
        (OPERATOR, EntryAction.PUBLISH),
    ],
)
def test_a_step_is_taken_by_whom_it_belongs_to(
    world: World, actor: Person, action: EntryAction
) -> None:
    in_review(world)
    with pytest.raises(NotAllowed):
        world.store.advance("river", action, actor, "理由")


def test_whoever_submitted_does_not_publish(world: World) -> None:
    own = contract_text("river", provider="cq_bigdata")
    world.store.import_domain(domain_of(world, river=own), OPERATOR)
    world.store.assess("river", REVIEWER, secrecy="不涉密", personal_information="不含")
    world.store.advance("river", EntryAction.APPROVE, REVIEWER)
    world.store.advance("river", EntryAction.SUBMIT, REVIEWER)
    with pytest.raises(NotAllowed, match="whoever submitted"):
        world.store.advance("river", EntryAction.PUBLISH, REVIEWER)

    second = Person(ClientId("second"), REVIEWER.organisation, REVIEWER.roles)

    assert world.store.advance("river", EntryAction.PUBLISH, second).state is EntryState.PUBLISHED


def test_a_change_under_review_takes_the_entry_back_to_its_department(world: World) -> None:
    in_review(world)
    entry = world.store.assess("river", STEWARD, secrecy="改了", personal_information="不含")
    assert (entry.state, entry.head, entry.signed_at) == (EntryState.DRAFT, None, None)


def test_facts_are_derived_and_never_typed_in() -> None:
    river, nothing = frozenset({DatasetCode("river")}), frozenset[DatasetCode]()
    published = replace(ENTRY, state=EntryState.PUBLISHED, published=FIELDS)
    open_entry = replace(
        published, published=replace(FIELDS, sharing_kind=SharingKind.UNCONDITIONAL)
    )

    def of(
        entry: Entry,
        a: frozenset[DatasetCode],
        c: frozenset[DatasetCode],
        g: frozenset[DatasetCode],
    ) -> str:
        found = facts(entry, attached=a, collected=c, granted=g)
        names = ("catalogued", "attached", "collected", "shared")
        return " ".join(name for name in names if getattr(found, name))

    assert of(ENTRY, nothing, nothing, nothing) == ""
    assert of(published, nothing, nothing, nothing) == "catalogued"
    assert of(published, river, river, nothing) == "catalogued attached collected"
    assert of(published, river, river, river) == "catalogued attached collected shared"
    assert of(open_entry, nothing, nothing, nothing) == "catalogued shared"
    assert of(replace(open_entry, state=EntryState.WITHDRAWN), nothing, nothing, nothing) == ""
    assert of(replace(published, data_set=None), river, river, river) == "catalogued"


@given(text=st.text("ab；;、\n ", max_size=12))
def test_data_items_read_back_as_they_are_written(text: str) -> None:
    items = data_items(text)
    assert data_items("；".join(items)) == items
    assert all(item == item.strip() and item for item in items)
