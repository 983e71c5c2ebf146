# SPDX-License-Identifier: Apache-2.0
"""What an index, shards, a folder and an embedder have in common: they are closed, at the latest by a ``with`` block."""

from __future__ import annotations

from types import TracebackType
from typing import Optional, Protocol, Type, TypeVar


class _Closed(Protocol):
    def close(self) -> None: ...


_Own = TypeVar("_Own", bound="Closing")


class Closing:
    """Holds a backend until it is closed."""

    _backend: _Closed

    def close(self) -> None:
        """Ends it; further calls raise Closed. A call of another thread that is under way ends first."""
        self._backend.close()

    def __enter__(self: _Own) -> _Own:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()
