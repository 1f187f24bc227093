import pyarrow as pa

from jobs.inner import InnerExtraction


def test_what_comes_from_the_hub_itself_has_nothing_to_continue_after() -> None:
    batch = pa.record_batch({"a": ["1"]})
    inner = InnerExtraction("derived x", "same", lambda: iter((batch,)))
    assert list(inner.batches()) == [batch]
    assert (inner.identity(), inner.cursor()) == ("same", None)
