"""The silent traps: what the obvious SQL answers wrongly, shown, and what an indicator answers.

Each test runs the naive statement first and asserts its wrong number, so that the trap is real.
"""

from dataclasses import replace
from datetime import date, timedelta

from catalog.ids import PlaceCode
from catalog.indicators.period import Grain
from catalog.places import Place, PlaceLevel, Places, padded
from indicators.compiler.question import Era
from tests.indicators.compiler.warehouse import Warehouse, at_city, defined, place, question, told

COUNT = "simple: {data_set: event_fact, time: opened_on, aggregation: count}"
FIRST = date(2026, 3, 1)
TOWN = place("500106001")


def event(day: date, number: int, **more: object) -> dict[str, object]:
    return {"event_id": number, "opened_on": day, "place_code": TOWN, **more}


def events(*days: date) -> list[dict[str, object]]:
    return [event(day, i) for i, day in enumerate(days)]


def test_missing_days_belong_to_a_rolling_window() -> None:
    """One event on the 1st, one on the 20th: seven rows back is not seven days back."""
    warehouse = Warehouse()
    warehouse.put("event_fact", events(FIRST, date(2026, 3, 20)))
    naive = warehouse.sql(
        "SELECT opened_on, sum(count(*)) OVER (ORDER BY opened_on ROWS 6 PRECEDING) "
        "FROM shared.event_fact GROUP BY opened_on ORDER BY 1"
    )
    assert naive[-1] == (date(2026, 3, 20), 2)

    known = defined(n=COUNT, week="rolling: {of: n, window: {count: 7, unit: day}}")
    rows = warehouse.ask(question("week", until=date(2026, 3, 22)), known)

    values = told(rows, "week")
    assert values[date(2026, 3, 20)] == 1
    assert values[date(2026, 3, 7)] == 1
    assert values[date(2026, 3, 8)] is None
    assert len(values) == 21


def test_an_entity_that_is_silent_on_the_last_day_still_counts() -> None:
    """Two gauges: 7 on the 1st, then silent; 11 on the 3rd. The stock is 18, not 11."""
    warehouse = Warehouse()
    warehouse.put(
        "event_fact",
        [
            event(FIRST, 1, grid_id=1, minutes=7),
            event(FIRST + timedelta(days=2), 2, grid_id=2, minutes=11),
        ],
    )
    naive = "SELECT sum(minutes) FROM shared.event_fact WHERE opened_on = (SELECT max(opened_on) FROM shared.event_fact)"
    assert warehouse.sql(naive) == [(11,)]

    stock = (
        "semi_additive: {data_set: event_fact, time: opened_on, value: minutes, entity: [grid_id]"
    )
    known = defined(kept=f"{stock}, carry: P3D}}", own=f"{stock}}}")
    rows = warehouse.ask(question("kept", "own"), known)

    assert list(told(rows, "kept").values()) == [7, 7, 18, 11, 11, None, None]
    assert list(told(rows, "own").values()) == [7, None, 11, None, None, None, None]
    month = warehouse.ask(question("own", grain=Grain.MONTH), known)
    assert [row["own"] for row in month] == [18]


def test_month_to_date_by_months_is_the_whole_month() -> None:
    """Four events on the last day with any, eleven in the month."""
    warehouse = Warehouse()
    warehouse.put("event_fact", events(*[FIRST] * 7, *[date(2026, 3, 9)] * 4))
    naive = (
        "WITH d AS (SELECT opened_on, count(*) n FROM shared.event_fact GROUP BY 1) "
        "SELECT last(n ORDER BY opened_on) FROM d GROUP BY date_trunc('month', opened_on)"
    )
    assert warehouse.sql(naive) == [(4,)]

    known = defined(n=COUNT, mtd="to_date: {of: n, grain: month}")
    by_month = warehouse.ask(question("mtd", grain=Grain.MONTH, until=date(2026, 4, 1)), known)
    by_day = warehouse.ask(question("mtd", until=date(2026, 4, 2)), known)

    assert [row["mtd"] for row in by_month] == [11]
    values = told(by_day, "mtd")
    assert (values[FIRST], values[date(2026, 3, 9)], values[date(2026, 3, 31)]) == (7, 11, 11)
    assert values[date(2026, 4, 1)] is None


def test_a_month_without_rows_is_the_month_before() -> None:
    """Two events in January, none in February, three in March: March has nothing to be compared with."""
    warehouse = Warehouse()
    warehouse.put("event_fact", events(*[date(2026, 1, 5)] * 2, *[date(2026, 3, 5)] * 3))
    naive = (
        "WITH m AS (SELECT date_trunc('month', opened_on) ts, count(*) n FROM shared.event_fact GROUP BY 1) "
        "SELECT n - lag(n) OVER (ORDER BY ts) FROM m ORDER BY ts"
    )
    assert warehouse.sql(naive)[-1] == (1,)

    offset = "offset: {of: n, window: {count: 1, unit: month}, movement: difference}"
    asked = question(
        "n", "change", grain=Grain.MONTH, since=date(2026, 1, 1), until=date(2026, 4, 1)
    )
    rows = warehouse.ask(asked, defined(n=COUNT, change=offset))
    filled = warehouse.ask(asked, defined(n=f"{COUNT}\nfill: {{kind: zero}}", change=offset))

    assert [(r["n"], r["change"]) for r in rows] == [(2, None), (None, None), (3, None)]
    assert (rows[1]["n__status"], rows[1]["n__reason"]) == ("missing", "no_data")
    assert [(r["n"], r["change"]) for r in filled] == [(2, None), (0, -2), (3, 3)]
    assert filled[0]["change__reason"] == "no_data"


def test_orphans_on_both_sides_of_a_join_are_told() -> None:
    """Events of a kind that was never dispatched; a dispatch whose event nobody knows."""
    warehouse = Warehouse()
    warehouse.put(
        "event_fact",
        [
            event(FIRST, 1, kind="fire"),
            event(FIRST, 2, kind="flood"),
            event(FIRST, 3, kind="flood"),
        ],
    )
    warehouse.put(
        "dispatch",
        [
            {"dispatch_id": 1, "event_id": 1, "sent_on": FIRST},
            {"dispatch_id": 2, "event_id": 1, "sent_on": FIRST},
            {"dispatch_id": 3, "event_id": 99, "sent_on": FIRST},
        ],
    )
    naive = warehouse.sql(
        "SELECT e.kind, count(DISTINCT e.event_id), count(*) FROM shared.dispatch d "
        "JOIN shared.event_fact e USING (event_id) GROUP BY 1"
    )
    assert naive == [("fire", 1, 2)]

    known = defined(
        n=COUNT,
        sent="simple: {data_set: dispatch, time: sent_on, aggregation: count}",
        each="ratio: {numerator: sent, denominator: n}",
    )
    asked = question("n", "sent", "each", until=date(2026, 3, 2), dimensions=["event_fact.kind"])
    rows = {
        r["event_fact.kind"]: (r["n"], r["sent"], r["each"]) for r in warehouse.ask(asked, known)
    }

    assert rows == {"fire": (1, 2, 2), "flood": (2, None, None), None: (None, 1, None)}


def test_the_open_tail_of_a_period_is_provisional() -> None:
    """The tenth of March: a month of ten days looks like a fall by two thirds."""
    warehouse = Warehouse()
    february = [date(2026, 2, 1) + timedelta(days=i) for i in range(28)]
    march = [FIRST + timedelta(days=i) for i in range(12)]  # two of them are still to come
    warehouse.put("event_fact", events(*february, *march))
    naive = "SELECT count(*) FROM shared.event_fact GROUP BY date_trunc('month', opened_on) ORDER BY min(opened_on)"
    assert warehouse.sql(naive) == [(28,), (12,)]

    known = defined(n=COUNT)
    asked = question("n", grain=Grain.MONTH, since=date(2026, 2, 1), until=date(2026, 5, 1))
    rows = warehouse.ask(replace(asked, as_of=at_city(2026, 3, 10, 12)), known)

    assert [(r["n"], r["n__status"], r["n__reason"]) for r in rows] == [
        (28, "normal", None),
        (10, "provisional", "open_period"),
    ]


def test_a_ratio_over_zero_is_missing_and_says_why() -> None:
    warehouse = Warehouse()
    warehouse.put("event_fact", events(FIRST))
    fires = COUNT.replace("}", ", where: {kind: {eq: fire}}}")
    zero = "\nfill: {kind: zero}"
    known = defined(n=COUNT, fires=fires + zero, each="ratio: {numerator: n, denominator: fires}")

    (row,) = warehouse.ask(question("each", until=date(2026, 3, 2)), known)

    assert (row["each"], row["each__numerator"], row["each__denominator"]) == (None, 1, 0)
    assert (row["each__status"], row["each__reason"]) == ("missing", "zero_denominator")


def test_a_ratio_of_places_is_no_mean_of_their_ratios() -> None:
    """One of one closed here, none of nine there: a tenth, not a half."""
    warehouse = Warehouse()
    there = place("500106")
    warehouse.put(
        "event_fact",
        [event(FIRST, 0, kind="done"), *(event(FIRST, i, place_code=there) for i in range(1, 10))],
    )
    naive = "SELECT avg(r) FROM (SELECT count(*) FILTER (WHERE kind = 'done') / count(*) r FROM shared.event_fact GROUP BY place_code)"
    assert warehouse.sql(naive) == [(0.5,)]

    done = COUNT.replace("}", ", where: {kind: {eq: done}}}")
    known = defined(n=COUNT, rate=f"ratio: {{numerator: {{{done}}}, denominator: n}}")
    (row,) = warehouse.ask(question("rate", until=date(2026, 3, 2)), known)

    assert row["rate"] == 0.1


def test_minutes_are_elapsed_not_marks_of_the_clock() -> None:
    """From 08:00:59 to 08:01:01 is two seconds, though the minute has changed."""
    warehouse = Warehouse()
    begun = at_city(2026, 3, 1, 8) + timedelta(seconds=59)
    row = event(FIRST, 1, opened_at=begun, closed_at=begun + timedelta(seconds=2))
    warehouse.put("event_fact", [row])
    naive = "SELECT date_diff('minute', opened_at, closed_at) FROM shared.event_fact"
    assert warehouse.sql(naive) == [(1,)]

    known = defined(
        t="duration: {data_set: event_fact, time: opened_at, start: opened_at, end: closed_at, unit: minute}"
    )
    (told_,) = warehouse.ask(question("t", until=date(2026, 3, 2)), known)

    assert told_["t"] == 2 / 60


def test_an_instant_counts_in_the_citys_day() -> None:
    """Half past midnight in the city is the day before in UTC."""
    warehouse = Warehouse()
    warehouse.put("event_fact", [event(FIRST, 1, opened_at=at_city(2026, 3, 1, 0, 30))])
    naive = "SELECT CAST(opened_at AT TIME ZONE 'UTC' AS DATE) FROM shared.event_fact"
    assert warehouse.sql(naive) == [(date(2026, 2, 28),)]

    known = defined(n=COUNT.replace("opened_on", "opened_at"))
    rows = warehouse.ask(question("n", since=date(2026, 2, 28), until=date(2026, 3, 2)), known)

    assert list(told(rows, "n").values()) == [None, 1]


def merged() -> tuple[Places, Places]:
    """2025-11-06: Jiangbei and Yubei become Liangjiang; a Yubei town goes to Beibei."""
    city, jiangbei, yubei, beibei, liangjiang = map(
        PlaceCode, ("500000", "500105", "500112", "500109", "500171")
    )
    whole = Place(city, "重庆市", PlaceLevel.CITY, None, None)

    def district(code: PlaceCode, name: str) -> Place:
        return Place(code, name, PlaceLevel.DISTRICT, city, None)

    def town(code: str, by: PlaceCode, of: PlaceCode | None = None) -> Place:
        return Place(PlaceCode(code), code, PlaceLevel.TOWNSHIP, by, of)

    north = district(beibei, "北碚区")
    before = Places(
        [
            whole, north, district(jiangbei, "江北区"), district(yubei, "渝北区"),
            town("500105001", jiangbei), town("500112001", yubei), town("500112002", yubei),
        ]
    )  # fmt: skip
    after = Places(
        [
            whole, north, district(liangjiang, "两江新区"),
            town("500105001", liangjiang, jiangbei), town("500112001", liangjiang, yubei),
            town("500112002", beibei, yubei),
        ]
    )  # fmt: skip
    return before, after


def test_places_that_merged_are_told_as_they_were_in_their_time() -> None:
    """Digits of a code say where a town was counted once, not who governs it since 2025-11-06."""
    before, after = merged()
    day = date(2025, 11, 6)
    eve = day - timedelta(days=1)
    towns = ("500105001", "500112001", "500112002")
    warehouse = Warehouse(places=after)
    warehouse.put(
        "event_fact",
        [
            event(when, i, place_code=place(code))
            for i, (when, code) in enumerate((w, c) for w in (eve, day) for c in towns)
        ],
    )
    naive = "SELECT place_code // 1000000000, count(*) FROM shared.event_fact WHERE opened_on = '2025-11-06' GROUP BY 1 ORDER BY 1"
    assert warehouse.sql(naive) == [(500105, 1), (500112, 2)]

    eras = (Era(None, before), Era(day, after))
    asked = question("n", since=eve, until=day + timedelta(days=1), levels=[PlaceLevel.DISTRICT])
    rows = warehouse.ask(asked, defined(n=COUNT), eras)

    found = {(r["start"].date(), r["place"] // 10**9): r["n"] for r in rows}
    assert found == {
        (eve, 500105): 1, (eve, 500112): 2, (eve, 500109): None,
        (day, 500171): 2, (day, 500109): 1,
    }  # fmt: skip
    today = warehouse.ask(asked, defined(n=COUNT))
    assert {(r["start"].date(), r["place"] // 10**9): r["n"] for r in today} == {
        (eve, 500171): 2, (eve, 500109): 1, (day, 500171): 2, (day, 500109): 1,
    }  # fmt: skip
    assert padded(PlaceCode("500171")) == 500171 * 10**9


def test_what_reaches_over_a_merger_says_so() -> None:
    """A week that ends two days after it holds rows that counted elsewhere; so does half a November."""
    before, after = merged()
    day = date(2025, 11, 6)
    warehouse = Warehouse(places=after)
    whens = [day + timedelta(days=n) for n in range(-30, 3)]
    warehouse.put(
        "event_fact",
        [
            event(when, i, place_code=place("500105001"), grid_id=1, minutes=i)
            for i, when in enumerate(whens)
        ],
    )
    stock = "semi_additive: {data_set: event_fact, time: opened_on, value: minutes, entity: [grid_id], carry: P3D}"
    known = defined(
        n=COUNT, week="rolling: {of: n, window: {count: 7, unit: day}}", stock=stock,
        then="offset: {of: n, window: {count: 3, unit: day}}",
        band="band: {of: n, bound: expected, seasons: 2}",
    )  # fmt: skip
    eras = (Era(None, before), Era(day, after))
    codes = ("n", "week", "stock", "then", "band")
    asked = question(
        *codes, since=day - timedelta(days=1), until=day + timedelta(days=9), levels=[PlaceLevel.DISTRICT]
    )  # fmt: skip
    rows = {(r["start"].date(), r["place"] // 10**9): r for r in warehouse.ask(asked, known, eras)}

    def reasons(when: date, district: int) -> list[str | None]:
        return [rows[when, district][f"{code}__reason"] for code in codes]

    changed, none = "place_changed", "no_data"
    assert reasons(day - timedelta(days=1), 500105) == [None] * 5
    assert reasons(day, 500171) == [None, changed, changed, none, none]
    assert reasons(day + timedelta(days=1), 500171) == [None, changed, changed, none, changed]
    assert reasons(day + timedelta(days=2), 500171) == [None, changed, None, none, None]
    assert rows[day + timedelta(days=8), 500171]["week"] == 1
    assert rows[day + timedelta(days=8), 500171]["week__reason"] is None

    monthly = replace(asked, grain=Grain.MONTH, indicators=asked.indicators[:1])
    found = {
        r["place"] // 10**9: (r["n"], r["n__reason"]) for r in warehouse.ask(monthly, known, eras)
    }
    assert found == {
        500105: (5, changed), 500112: (None, none), 500109: (None, none), 500171: (3, changed),
    }  # fmt: skip
    warehouse.put("event_fact", events(day))
    told_ = warehouse.ask(monthly, known, eras)
    assert {r["place"] // 10**9 for r in told_} > {500171}


def test_an_entity_that_moved_away_counts_there_no_more_whatever_is_asked() -> None:
    warehouse = Warehouse()
    there = place("500999")
    warehouse.put(
        "event_fact",
        [
            event(FIRST, 1, grid_id=7, minutes=5),
            event(FIRST + timedelta(days=1), 2, grid_id=7, minutes=6, place_code=there),
        ],
    )
    naive = "SELECT last(minutes ORDER BY opened_on) FROM shared.event_fact WHERE place_code // 1000000000 = 500106"
    assert warehouse.sql(naive) == [(5,)]

    stock = (
        "semi_additive: {data_set: event_fact, time: opened_on, value: minutes, entity: [grid_id]"
    )
    known = defined(kept=f"{stock}, carry: P5D}}", first=f"{stock}, pick: first}}")
    asked = question("kept", "first", until=FIRST + timedelta(days=3), levels=[PlaceLevel.DISTRICT])
    for within in ((), (PlaceCode("500106"),)):
        rows = warehouse.ask(replace(asked, within=within), known)
        here = [(r["kept"], r["first"]) for r in rows if r["place"] == place("500106")]
        assert here == [(5, 5), (None, None), (None, None)]


def test_within_the_city_is_everywhere() -> None:
    """A row that says no place is one of the city's, whether or not the city is named."""
    warehouse = Warehouse()
    warehouse.put("event_fact", [event(FIRST, 1, place_code=None), event(FIRST, 2)])

    for within in ([], ["500000"]):
        (row,) = warehouse.ask(
            question("n", until=date(2026, 3, 2), within=within), defined(n=COUNT)
        )
        assert row["n"] == 2
