"""``get_unique_id_and_related_obsids``: one source, and all its spectra of both resolutions."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tianku.compat.body import alone
from tianku.compat.family import Asked
from tianku.compat.lamost.address import Address, sets_of, table_of
from tianku.compat.lamost.listings import LOW, MEDIUM
from tianku.engines.base import Cancellation
from tianku.http.stream import Reply
from tianku.model.errors import NotFoundError
from tianku.usecases.epochs import source, source_of_product
from tianku.usecases.positions import search_list

#: what clients call the spectra of each set
_CALLED = {LOW: "obsid-low", MEDIUM: "obsid-medium"}


async def unique_id(asked: Asked, address: Address) -> Response:
    """``GET …?obsid=`` or ``?ra=&dec=&radius=`` (degrees)."""
    params = asked.params
    key = params.one("obsid")
    place = None
    if key is None:
        most = asked.context.site.limits.cone_degrees
        place = (
            params.number("ra", 0.0, 360.0), params.number("dec", -90.0, 90.0), params.number("radius", 0.0, most)
        )  # fmt: skip

    def make(cancellation: Cancellation) -> Reply:
        uid = _of_product(asked, address, key) if place is None else _near(asked, address, place, cancellation)
        if uid is None:
            raise NotFoundError("compat.no_source", "{dataset} has no such source", dataset=address.owner.id)
        return asked.json(_told(asked, address, uid))

    return await asked.reply(make)


def _of_product(asked: Asked, address: Address, key: str | None) -> str | None:
    for name in sets_of(asked.viewer, address):
        uid = source_of_product(asked.centre, asked.principal, address.owner.id, name, key or "")
        if uid is not None:
            return uid
    return None


def _near(
    asked: Asked, address: Address, place: tuple[float, float, float], cancellation: Cancellation
) -> str | None:
    """Return the source of the row nearest to a place, in the first set that has one."""
    identity = address.owner.config.identity
    for name in sets_of(asked.viewer, address) if identity is not None else ():
        meta = table_of(asked.viewer, address, name)
        column = meta.column(identity.uid) if identity is not None else None
        if column is None:
            continue
        with search_list(
            asked.centre, asked.principal, address.owner.id, meta.name, alone(*place), columns=[column.name],
            nearest=True, maxrec=1, cancellation=cancellation,
        ) as near:  # fmt: skip
            for batch in near.batches():
                if batch.num_rows:
                    return str(batch.column(batch.num_columns - 1)[0].as_py())
    return None


def _told(asked: Asked, address: Address, uid: str) -> dict[str, Any]:
    found = source(asked.centre, asked.principal, address.owner.id, uid)
    told: dict[str, Any] = {"uid": uid} | {name: [] for name in _CALLED.values()}
    for one in found.epochs:
        called = _CALLED.get(one.link.set) if one.link is not None else None
        if called is not None:
            told[called] = sorted(int(key) for key in one.keys if key.isdecimal())
    return told
