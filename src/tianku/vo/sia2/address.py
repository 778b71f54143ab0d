"""``/vo/[<dataset>/[<set>/]]sia2/{query,capabilities,availability,tables}``: what a path serves."""

from __future__ import annotations

from dataclasses import dataclass

from tianku.model.errors import NotFoundError
from tianku.usecases.centre import Centre

NAME = "sia2"
RESOURCES = ("query", "capabilities", "availability", "tables")


@dataclass(frozen=True, slots=True)
class Sia2Address:
    """One service: of the site where `owner` is empty; else a data set, or a data set and a set in it."""

    owner: str
    resource: str

    @property
    def path(self) -> str:
        """The path that resources are below."""
        return f"/vo/{self.owner}/{NAME}" if self.owner else f"/vo/{NAME}"

    def names(self, centre: Centre) -> tuple[str | None, str | None]:
        """Return the data set and the set that are served; None for all."""
        if not self.owner:
            return None, None
        if self.owner in centre.picture().datasets:
            return self.owner, None
        dataset, _, name = self.owner.rpartition("/")
        return (dataset, name) if dataset else (name, None)


def parse_address(path: str) -> Sia2Address:
    """Return the service that `path`, without ``/vo/``, names.

    Raises
    ------
    NotFoundError
        ``vo.no_service``
    """
    rest, _, resource = path.rpartition("/")
    owner, _, name = rest.rpartition("/")
    if name != NAME or resource not in RESOURCES:
        raise NotFoundError("vo.no_service", "There is no service at /vo/{path}.", path=path[:200])
    return Sia2Address(owner, resource)
