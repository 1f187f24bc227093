from connectors.limits import RateLimit


def test_requests_leave_evenly_spaced_and_a_pause_is_not_saved_up() -> None:
    now = 0.0
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(round(seconds, 3))
        now += seconds

    limit = RateLimit(4, now=lambda: now, sleep=sleep)
    for _ in range(3):
        limit.wait()
    assert slept == [0.25, 0.25]
    now += 10
    limit.wait()
    limit.wait()
    assert slept == [0.25, 0.25, 0.25]
