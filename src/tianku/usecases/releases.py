"""The same product in other releases of its collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianku.model.access import Principal
from tianku.model.errors import AuthError, NotFoundError
from tianku.usecases.products import ProductPage, main_parts, product_page
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


@dataclass(frozen=True, slots=True)
class OtherRelease:
    """A release that has a product of the same key.

    Attributes
    ----------
    newer
        It comes later in the order of releases than the product asked about.
    superseded
        A release that the caller may see replaces it.
    identical
        Its main file has the same bytes.
    """

    page: ProductPage
    newer: bool
    superseded: bool
    identical: bool


def other_releases(centre: Centre, principal: Principal, page: ProductPage) -> list[OtherRelease]:
    """Return the releases whose set of the same name and type has this key, oldest first.

    Releases and products that are closed to the caller are left out.
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    visible = viewer.picture.visible(principal, viewer.now)
    replaced = {dataset.config.supersedes for dataset in visible}
    mine = viewer.picture.datasets[page.one.dataset]
    order = [dataset.id for dataset in visible]
    found = []
    for dataset in visible:
        other = dataset.sets.get(page.one.name)
        same = dataset.config.collection == mine.config.collection and dataset.id != mine.id
        if not same or other is None or other.manifest.type != page.one.manifest.type:
            continue
        try:
            theirs = product_page(centre, principal, dataset.id, page.one.name, page.did.key)
        except (NotFoundError, AuthError):
            continue
        newer = order.index(dataset.id) > order.index(mine.id)
        identical = _bytes(theirs) == _bytes(page)
        found.append(OtherRelease(theirs, newer, dataset.id in replaced, identical))
    return found


def _bytes(page: ProductPage) -> set[str]:
    return {entry.sha256 for entry in main_parts(page)}
