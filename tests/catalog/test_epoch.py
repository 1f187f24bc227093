"""The epoch: one step per commit, told to everybody."""

from concurrent.futures import ThreadPoolExecutor

from catalog.epoch import Epoch


def test_bumps_from_many_threads_are_all_counted_and_heard() -> None:
    epoch, heard = Epoch(), list[int]()
    epoch.listen(lambda: heard.append(1))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: epoch.bump(), range(100)))
    assert (epoch.number, len(heard)) == (100, 100)


def test_a_listener_sees_the_new_number() -> None:
    epoch, seen = Epoch(), list[int]()
    epoch.listen(lambda: seen.append(epoch.number))
    epoch.bump()
    assert seen == [1]
