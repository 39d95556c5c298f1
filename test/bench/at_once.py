"""Work of several processes at once: one interpreter would be slower than what it measures."""

import multiprocessing
import time

READY_SECONDS = 120
WORK_SECONDS = 500


def work(prepare, share, barrier, failures):
    act = None
    try:
        act = prepare(*share)
    except Exception as error:  # counted, and told by the parent
        failures.put(str(error))
    barrier.wait()
    try:
        if act:
            act()
    except Exception as error:
        failures.put(str(error))
    barrier.wait()


def time_at_once(prepare, shares):
    """A process each: `prepare(*share)` answers what to do when all are ready. The seconds that that takes."""
    barrier = multiprocessing.Barrier(len(shares) + 1)
    failures = multiprocessing.SimpleQueue()
    for share in shares:
        multiprocessing.Process(target=work, args=(prepare, share, barrier, failures), daemon=True).start()
    barrier.wait(READY_SECONDS)
    start = time.perf_counter()
    barrier.wait(WORK_SECONDS)
    seconds = time.perf_counter() - start
    if not failures.empty():
        raise SystemExit(f"a transfer failed: {failures.get()}")
    return seconds
