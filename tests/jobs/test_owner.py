from jobs.owner import is_gone, owner_name
from tests.jobs.test_queue import gone_process


def test_a_process_that_runs_is_not_gone() -> None:
    assert not is_gone(owner_name("heavy"))


def test_a_process_that_ended_is_gone() -> None:
    assert is_gone(gone_process())


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    host, mark, role = owner_name("heavy").split(":")
    pid = mark.partition(".")[0]
    assert is_gone(f"{host}:{pid}.1:{role}")


def test_of_another_machine_nothing_is_known() -> None:
    assert not is_gone("elsewhere:1.2:heavy")
    assert not is_gone("worker")


def test_the_name_fits_its_column() -> None:
    assert len(owner_name("server")) <= 64
