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
                     native call uses, as it may outlive this function by a moment. Called without arguments ``report``
                     only says whether to go on
    @param progress  the user's; its exception ends the call and is raised here
    """
    stop = _Stop()

    def report(*arguments: object) -> bool:
        if stop.asked:
            return False
        if progress is None or not arguments:
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


class _Pointer:
    """A native pointer, closed when the last reference to this goes: so nothing has to be counted and put back,
    and no interrupt, wherever it comes, can leave a count wrong."""

    def __init__(self, address: int, close: Callable[[int], None]) -> None:
        self.address = address
        self._close = close

    def __del__(self) -> None:
        self._close(self.address)


class _Use:
    """One call's hold on a pointer. It lets go at the end of ``with``, not when a traceback is dropped."""

    def __init__(self, pointer: _Pointer) -> None:
        self._pointer: Optional[_Pointer] = pointer

    def __enter__(self) -> int:
        assert self._pointer is not None
        return self._pointer.address

    def __exit__(self, *exception: object) -> None:
        self._pointer = None


class Handle:
    """A native handle that is closed once, and not while a call of another thread is inside it."""

    def __init__(self, pointer: int, close: Callable[[int], None], noun: str) -> None:
        self._pointer: Optional[_Pointer] = _Pointer(pointer, close)
        self._noun = noun

    def use(self) -> _Use:
        """``with handle.use() as pointer``; Closed once it is closed."""
        pointer = self._pointer
        if pointer is None:
            from ._errors import Closed
            raise Closed(f"closed: {self._noun}: expected an open one, found a closed one")
        return _Use(pointer)

    def close(self) -> None:
        self._pointer = None
