"""``/vo/<dataset>/<set>/ssa[/<sibling>]``: which service a path names."""

from __future__ import annotations

from dataclasses import dataclass

from tianku.model.errors import NotFoundError

PROTOCOL = "ssa"
SIBLINGS = ("capabilities", "availability", "tables")


@dataclass(frozen=True, slots=True)
class SsaAddress:
    """One service; `sibling` is the VOSI resource asked for, if not the search itself."""

    dataset: str
    set: str
    sibling: str | None = None

    @property
    def path(self) -> str:
        """The path of the search itself."""
        return f"/vo/{self.dataset}/{self.set}/{PROTOCOL}"


def parse_address(path: str) -> SsaAddress:
    """Return the service that `path`, without ``/vo/``, names.

    Raises
    ------
    NotFoundError
        ``ssa.no_service``
    """
    rest, _, last = path.rpartition("/")
    sibling = last if last in SIBLINGS else None
    owner, _, protocol = (rest if sibling else path).rpartition("/")
    dataset, _, name = owner.rpartition("/")
    if protocol != PROTOCOL or not dataset or not name:
        raise NotFoundError("ssa.no_service", "There is no service at /vo/{path}.", path=path[:200])
    return SsaAddress(dataset, name, sibling)
