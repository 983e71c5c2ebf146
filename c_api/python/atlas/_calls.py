# SPDX-License-Identifier: Apache-2.0
"""Long native calls that report progress and that Ctrl-C can stop.

A signal's Python handler runs in the main thread only, between two bytecodes, and never inside a native call. So
on the main thread a long call runs in a helper thread, and the main thread waits where it can be interrupted.
When it is, the next progress callback tells the call to stop; the interrupt is raised once the call has ended.
"""

from __future__ import annotations

import threading
from typing import Callable, List, Optional

# (callback) -> result; the callback takes (done, total) and gives whether to go on.
Report = Callable[..., bool]


class _Stop:
    """Shared by the callback and the thread that waits."""

    def __init__(self) -> None:
        self.asked = False
        self.error: Optional[BaseException] = None


def run_long(call: Callable[[Report], None], progress: Optional[Callable[..., object]]) -> None:
    """Runs ``call(report)``, which raises its own errors, so that it can be interrupted.

    @param call      gives ``report`` to the native call as its progress callback; it must itself hold all that the
                     native call uses, as it may outlive this function by a moment
    @param progress  the user's; its exception ends the call and is raised here
    """
    stop = _Stop()

    def report(*arguments: object) -> bool:
        if stop.asked:
            return False
        if progress is None:
            return True
        try:
            return progress(*arguments) is not False
        except BaseException as error:  # must not pass through the native frames: raised below
            stop.error = error
            return False

    if threading.current_thread() is not threading.main_thread():
        try:
            call(report)
        except Exception:
            if stop.error is not None:
                raise stop.error from None
            raise
        return

    done = threading.Event()
    errors: List[BaseException] = []

    def work() -> None:
        try:
            call(report)
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=work, name="atlas", daemon=True)
    thread.start()
    interrupt: Optional[BaseException] = None
    while True:
        try:
            done.wait()
            break
        except BaseException as error:  # KeyboardInterrupt, or what another signal handler raised
            # A second one that comes just here goes out at once; the call then ends by itself, and what it
            # works on lives as long, because the helper thread holds it.
            stop.asked = True
            interrupt = error
    if interrupt is not None:
        raise interrupt
    if stop.error is not None:
        raise stop.error
    if errors:
        raise errors[0]


class Handle:
    """A native handle that is closed once, and not while a call of another thread is inside it."""

    def __init__(self, pointer: int, close: Callable[[int], None], noun: str) -> None:
        self._pointer = pointer
        self._close = close
        self._noun = noun
        self._users = 0
        self._is_closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> int:
        with self._lock:
            if self._is_closed:
                from ._errors import Closed
                raise Closed(f"closed: {self._noun}: expected an open one, found a closed one")
            self._users += 1
            return self._pointer

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._users -= 1
            last = self._is_closed and self._users == 0
        if last:
            self._close(self._pointer)

    def close(self) -> None:
        with self._lock:
            last = not self._is_closed and self._users == 0
            self._is_closed = True
        if last:
            self._close(self._pointer)

    def __del__(self) -> None:
        if not self._is_closed:
            self.close()
