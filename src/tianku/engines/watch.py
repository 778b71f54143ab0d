"""One thread that acts when time is up, for all queries of an engine."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

#: Entries beyond which stopped alarms are thrown out of the heap.
_SWEEP = 1024


class Alarm:
    """Something to do at an instant of `time.monotonic`."""

    __slots__ = ("action", "at")

    def __init__(self, at: float, action: Callable[[], None]) -> None:
        self.at = at
        self.action: Callable[[], None] | None = action

    @property
    def off(self) -> bool:
        """True once `stop` was called."""
        return self.action is None

    def stop(self) -> None:
        """Forget the action, and with it all that it holds."""
        self.action = None


class Watchdog:
    """Runs alarms in time order on one thread, started with the first alarm."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._sweep_at = _SWEEP

    def after(self, seconds: float, action: Callable[[], None]) -> Alarm:
        """Call `action` in `seconds` unless the alarm is stopped before."""
        alarm = Alarm(time.monotonic() + seconds, action)
        with self._changed:
            heapq.heappush(self._heap, (alarm.at, next(self._order), alarm))
            if len(self._heap) > self._sweep_at:
                self._sweep()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
        return alarm

    def close(self) -> None:
        """End the thread; pending alarms are dropped."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _sweep(self) -> None:
        self._heap = [entry for entry in self._heap if not entry[2].off]
        heapq.heapify(self._heap)
        self._sweep_at = max(_SWEEP, 2 * len(self._heap))

    def _next(self) -> Alarm | None:
        with self._changed:
            while not self._closed:
                while self._heap and self._heap[0][2].off:
                    heapq.heappop(self._heap)
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(wait)
            return None

    def _loop(self) -> None:
        while (alarm := self._next()) is not None:
            if (action := alarm.action) is not None:
                action()
