"""``/vo/<dataset>/<set>/<protocol>[/<sibling>]``: which service of a set of products a path names."""

from __future__ import annotations

from dataclasses import dataclass

from tianku.model.errors import NotFoundError

SIBLINGS = ("capabilities", "availability", "tables")


@dataclass(frozen=True, slots=True)
class SetAddress:
    """One service; `sibling` is the VOSI resource asked for, if not the search itself."""

    dataset: str
    set: str
    protocol: str
    sibling: str | None = None

    @property
    def path(self) -> str:
        """The path of the search itself."""
        return f"/vo/{self.dataset}/{self.set}/{self.protocol}"


def parse_address(path: str, protocol: str) -> SetAddress:
    """Return the service of `protocol` that `path`, without ``/vo/``, names.

    Raises
    ------
    NotFoundError
        ``vo.no_service``
    """
    rest, _, last = path.rpartition("/")
    sibling = last if last in SIBLINGS else None
    owner, _, named = (rest if sibling else path).rpartition("/")
    dataset, _, name = owner.rpartition("/")
    if named != protocol or not dataset or not name:
        raise NotFoundError("vo.no_service", "There is no service at /vo/{path}.", path=path[:200])
    return SetAddress(dataset, name, protocol, sibling)


def paths(protocol: str) -> list[str]:
    """Return the patterns of the routes of `protocol`."""
    return [f"/vo/{{path:path}}/{protocol}", *(f"/vo/{{path:path}}/{protocol}/{name}" for name in SIBLINGS)]
