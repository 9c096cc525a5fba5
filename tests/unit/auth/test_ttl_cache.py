"""A cache that threads of one request share: a batch of tickets is signed by several."""

from concurrent.futures import Future, ThreadPoolExecutor, wait

from aws_lambda_powertools import Logger

from lib.auth.ttl_cache import TtlCache


def test_a_thread_that_comes_during_the_first_read_waits_for_its_value() -> None:
    others: list[Future[str | None]] = []

    def read() -> list[str]:
        others.append(pool.submit(look_up))
        # It cannot end before this read does; one that did not wait fails at once.
        wait(others, timeout=0.2)
        return ["key"]

    def look_up() -> str | None:
        return cache.lookup(lambda keys: keys[0])

    cache = TtlCache(read, "keys", "nothing can be signed", Logger(service="test"))
    with ThreadPoolExecutor(1) as pool:
        assert look_up() == "key"
    assert [other.result() for other in others] == ["key"]
