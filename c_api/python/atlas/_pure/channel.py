# SPDX-License-Identifier: Apache-2.0
"""What _native_channel.py gives, which nothing but the native library does."""

from __future__ import annotations

from typing import Any

from .._errors import needs_native


def _refuse(*arguments: object) -> Any:
    raise needs_native("queues between processes")


create_receiver = attach_receiver = attach_sender = remove = _refuse
