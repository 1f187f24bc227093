from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from schema.tally import SECONDS, Tally

CALLS = st.tuples(
    st.sampled_from(["OK", "QUEUE_FULL", "INTERNAL"]),
    st.sampled_from([0.0, *SECONDS, 0.003, 31.0]),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.01, 0.2, 40.0]),
)


def told(registry: CollectorRegistry) -> set[bytes]:
    """Without the moments at which the library's own metrics were made."""
    return {line for line in generate_latest(registry).splitlines() if b"_created" not in line}


@given(st.lists(CALLS, max_size=20))
def test_it_tells_what_the_client_librarys_own_metrics_would(
    calls: list[tuple[str, float, int, int, float]],
) -> None:
    mine, theirs = CollectorRegistry(), CollectorRegistry()
    tally = Tally()
    mine.register(tally)
    codes = Counter("vitalhub_requests", "Calls by their outcome", ["code"], registry=theirs)
    seconds = Histogram(
        "vitalhub_request_seconds", "How long calls took", buckets=SECONDS, registry=theirs
    )
    queued = Histogram(
        "vitalhub_queue_seconds",
        "How long operations waited for a place",
        buckets=SECONDS,
        registry=theirs,
    )
    running = Gauge("vitalhub_operations_running", "Calls under way", registry=theirs)
    rows = Counter("vitalhub_rows", "Rows answered", registry=theirs)
    size = Counter("vitalhub_reply_bytes", "Bytes answered", registry=theirs)
    running.inc()
    tally.begin()
    for code, lasted, read, sent, waited in calls:
        tally.begin()
        tally.end(code, lasted, read, sent, waited)
        codes.labels(code).inc()
        seconds.observe(lasted)
        rows.inc(read)
        size.inc(sent)
        if waited:
            queued.observe(waited)
    assert told(mine) == told(theirs)
