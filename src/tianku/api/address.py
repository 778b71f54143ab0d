"""Which product a path names: ``<dataset>/<set>/<key>``, a data set having one to three segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


@dataclass(frozen=True, slots=True)
class ProductAddress:
    """A product, and what follows it in the path."""

    dataset: str
    set: str
    key: str
    rest: str | None = None


def parse_product(path: str) -> ProductAddress:
    """Return the product that exactly `path` names; `NotFoundError` ``api.no_product`` otherwise."""
    segments = path.split("/")
    if not 3 <= len(segments) <= 5 or not all(segments):
        raise NotFoundError(
            "api.no_product", "{path} names no product: it reads dataset/set/key.", path=path[:200]
        )
    return ProductAddress("/".join(segments[:-2]), segments[-2], segments[-1])


def find_product(centre: Centre, principal: Principal, path: str) -> ProductAddress:
    """Return the product of ``dataset/set/key[/rest]``, told apart by the data sets `principal` knows.

    Raises
    ------
    NotFoundError
        ``api.no_product``
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    visible = {d.id: d for d in viewer.picture.visible(principal, viewer.now)}
    segments = path.split("/")
    for length in (3, 2, 1):
        owner = visible.get("/".join(segments[:length]))
        tail = segments[length:]
        if owner is not None and 2 <= len(tail) <= 3 and tail[0] in owner.sets and all(tail):
            return ProductAddress(owner.id, tail[0], tail[1], tail[2] if len(tail) == 3 else None)
    raise NotFoundError("api.no_product", "There is no product {path}.", path=path[:200])
