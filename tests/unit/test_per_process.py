from __future__ import annotations

import os
import threading
import time

from transforms.per_process import PerProcess


class Shared:
    def __init__(self, key: str) -> None:
        time.sleep(0.01)
        self.key = key


def test_threads_that_ask_at_once_get_the_same_and_the_last_one_closes_it() -> None:
    shared = PerProcess(Shared)
    found: list[Shared] = []
    threads = [threading.Thread(target=lambda: found.append(shared.acquire("a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1 and len(found) == 8
    assert [shared.release("a") for _ in found] == [None] * 7 + [found[0]]
    assert shared.acquire("a") is not found[0]


def test_each_key_has_its_own() -> None:
    shared = PerProcess(Shared)
    one, other = shared.acquire("a"), shared.acquire("b")
    assert (one.key, other.key) == ("a", "b")
    assert shared.release("a") is one and shared.acquire("b") is other


def test_a_forked_process_makes_its_own() -> None:
    shared: PerProcess[str, int] = PerProcess(lambda _: os.getpid())
    assert shared.acquire("a") == os.getpid()
    child = os.fork()
    if not child:
        os._exit(0 if shared.acquire("a") == os.getpid() else 1)
    assert os.waitpid(child, 0)[1] == 0
