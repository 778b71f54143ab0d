"""Children forked from a server that has everything imported, one of them always in reserve."""

from __future__ import annotations

from tianku.worker.attempt import Child
from tianku.worker.forks import fork_server, server_pid


class Children:
    """Hands out waiting children; a dead fork server is started again with the next one."""

    def __init__(self) -> None:
        self._spare: Child | None = None

    def take(self) -> Child:
        """Return a waiting child."""
        spare, self._spare = self._spare, None
        if spare is not None and spare.alive():
            return spare
        if spare is not None:
            spare.kill()
        return Child(fork_server(), server_pid())

    def restock(self) -> None:
        """Have a child in reserve, so that the next job does not wait for one."""
        if self._spare is None or not self._spare.alive():
            self._spare = self.take()

    def close(self) -> None:
        """End the reserve."""
        if self._spare is not None:
            self._spare.kill()
