"""How many queries run at the same time, and the wait of those beyond."""

from __future__ import annotations

import threading

from tianku.engines import errors
from tianku.engines.base import Cancellation
from tianku.model.errors import TransientError


class Places:
    """A bounded number of places; who waits for one stops waiting when its caller has left.

    Parameters
    ----------
    count
        Queries that run at the same time.
    wait_seconds
        How long `take` waits before it says busy.
    """

    def __init__(self, count: int, wait_seconds: float) -> None:
        self._free = count
        self._wait_seconds = wait_seconds
        self._changed = threading.Condition()

    def take(self, cancellation: Cancellation | None = None) -> None:
        """Take a place; `give_back` must follow.

        Raises
        ------
        TransientError
            ``engine.busy``: none became free in time.
        UsageError
            ``query.cancelled``: cancelled while it waited.
        """
        wish = cancellation or Cancellation()
        wish.attach(self._wake)
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0 or wish.cancelled, self._wait_seconds)
            if wish.cancelled:
                raise errors.cancelled()
            if not self._free:
                raise _busy(self._wait_seconds)
            self._free -= 1

    def give_back(self) -> None:
        """Leave the place to the next."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _busy(seconds: float) -> TransientError:
    return TransientError(
        "engine.busy",
        "All places for queries are taken and none became free within {seconds:g} s; try again soon.",
        retry_after=5,
        seconds=seconds,
    )
