# SPDX-License-Identifier: Apache-2.0
"""What the tests of queues share: calls in threads at once."""

import threading

SOON = 60.0  # a wait that long is a bug


def in_threads(*works):
    """Runs all at once; they end soon, and without an exception."""
    errors = []

    def run(work):
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
        assert not thread.is_alive()
    assert errors == []
