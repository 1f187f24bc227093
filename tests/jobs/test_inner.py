import pyarrow as pa

from jobs.inner import InnerExtraction


def test_what_comes_from_the_hub_itself_is_read_and_named_as_told() -> None:
    batch = pa.record_batch({"a": ["1"]})
    inner = InnerExtraction("derived x", "same", lambda: iter((batch,)))
    assert list(inner.batches()) == [batch]
    assert inner.identity() == "same"
