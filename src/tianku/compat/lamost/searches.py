"""Cone and spectrum searches of one set: ``{set}/voservice/conesearch`` and ``{set}/voservice/ssap``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from starlette.responses import Response

from tianku.compat.family import Asked, protocol_info, rows_reply
from tianku.compat.lamost.address import Address, link_of, table_of
from tianku.compat.lamost.rows import spelling_of
from tianku.compat.wire import wire_format
from tianku.engines.base import Cancellation
from tianku.formats.table import Info, TableInfo
from tianku.http.stream import Reply
from tianku.model.errors import UsageError
from tianku.model.metadata import Column, TableMeta
from tianku.model.types import DataType
from tianku.usecases.query import Answer, cone

#: columns that a spectrum search adds to those of the table; type, UCD
_ADDED: tuple[tuple[str, DataType, str | None, str | None], ...] = (
    ("accref", DataType.STRING, "meta.ref.url", "ssa:Access.Reference"),
    ("ssa_location", DataType.STRING, "pos.eq", "ssa:Char.SpatialAxis.Coverage.Location.Value"),
    ("ssa_dstitle", DataType.STRING, "meta.title;meta.dataset", "ssa:DataID.Title"),
    ("mime", DataType.STRING, "meta.code.mime", "ssa:Access.Format"),
    ("ssa_aperture", DataType.FLOAT64, "phys.angSize;instr.fov", "ssa:Char.SpatialAxis.Coverage.Bounds.Extent"),
    ("ssa_pubDID", DataType.STRING, "meta.ref.ivoid", "ssa:Curation.PublisherDID"),
    ("ssa_length", DataType.INT64, None, "ssa:Dataset.Length"),
    ("ssa_specext", DataType.FLOAT64, "em.wl;instr.bandwidth", "ssa:Char.SpectralAxis.Coverage.Bounds.Extent"),
    ("ssa_specmid", DataType.FLOAT64, "em.wl;instr.bandpass", "ssa:Char.SpectralAxis.Coverage.Location.Value"),
)


async def conesearch(asked: Asked, address: Address, set_name: str) -> Response:
    """``GET …?ra=&dec=&sr=&output.fmt=``; degrees."""
    params, most = asked.params, asked.context.site.limits.cone_degrees
    ra, dec = params.number("ra", 0.0, 360.0), params.number("dec", -90.0, 90.0)
    radius = params.number("sr", 0.0, most)
    return await _search(asked, address, set_name, (ra, dec, radius))


async def ssap(asked: Asked, address: Address, set_name: str) -> Response:
    """``GET …?pos=ra,dec&size=&output.fmt=``; degrees; the size is a radius, as the service always took it."""
    params, most = asked.params, asked.context.site.limits.cone_degrees
    ra, dec = _pair(params.required("pos"))
    return await _search(asked, address, set_name, (ra, dec, params.number("size", 0.0, most)), spectra=True)


def _pair(text: str) -> tuple[float, float]:
    try:
        ra, dec = (float(one) for one in text.split(";")[0].split(","))
    except ValueError:
        raise UsageError(
            "compat.value", "{column}: {reason}", column="pos", reason="it is written ra,dec"
        ) from None
    return ra, dec


async def _search(
    asked: Asked, address: Address, set_name: str, place: tuple[float, float, float], *, spectra: bool = False
) -> Response:
    form = wire_format(asked.params.one("output.fmt"), "votable")

    def make(cancellation: Cancellation) -> Reply:
        meta = table_of(asked.viewer, address, set_name)
        answer = cone(
            asked.centre, asked.principal, address.owner.id, meta.name, *place,
            maxrec=asked.context.site.limits.sync_rows, cancellation=cancellation,
        )  # fmt: skip
        if not spectra:
            info = protocol_info("Simple Cone Search 1.03")
            return rows_reply(answer, form, spelling_of(address), info=info)
        info = TableInfo(infos=(Info("SERVICE_PROTOCOL", "1.1", "SSAP"),))
        made = _Spectra(asked, address, set_name, meta)
        return rows_reply(answer, form, spelling_of(address), reshaped=made, info=info)

    return await asked.reply(make)


class _Spectra:
    """Adds to each row where its spectrum is."""

    def __init__(self, asked: Asked, address: Address, set_name: str, meta: TableMeta) -> None:
        link, position = link_of(address, meta), meta.main_position
        key = meta.column(link.key) if link is not None else None
        names = [one.name for one in meta.columns]
        self._key = None if key is None else names.index(key.name)
        self._place = None if position is None else (names.index(position.ra), names.index(position.dec))
        path = "/".join(address.owner.id.split("/")[1:])
        self._url = f"{asked.base}/openapi/{path}/{set_name}/spectrum/fits?obsid="
        template = address.family.pubdid or f"ivo://{asked.context.site.authority}/{{dataset}}/{{set}}?{{key}}"
        filled = template.replace("{dataset}", address.owner.id).replace("{set}", set_name)
        self._did = filled.partition("{key}")

    def __call__(
        self, answer: Answer, batches: Iterator[pa.RecordBatch]
    ) -> tuple[tuple[Column, ...], Iterable[pa.RecordBatch]]:
        added = tuple(Column(name=name, type=kind, ucd=ucd, utype=utype) for name, kind, ucd, utype in _ADDED)
        return (*answer.columns, *added), map(self._batch, batches)

    def _batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        rows = batch.num_rows
        keys = pa.nulls(rows, pa.string()) if self._key is None else batch.column(self._key).cast(pa.string())
        places = pa.nulls(rows, pa.string())
        if self._place is not None:
            pair = [batch.column(i).cast(pa.float64()).cast(pa.string()) for i in self._place]
            places = pc.binary_join_element_wise(*pair, " ")
        before, _, after = self._did
        made = {
            "accref": pc.binary_join_element_wise(self._url, keys, ""),
            "ssa_location": places,
            "ssa_dstitle": keys,
            "mime": pa.repeat("fits", rows),
            "ssa_pubDID": pc.binary_join_element_wise(before, keys, after, ""),
            "ssa_length": pa.repeat(1, rows),
        }
        kinds = {name: Column(name=name, type=kind).arrow for name, kind, _, _ in _ADDED}
        arrays = [made[name] if name in made else pa.nulls(rows, kind) for name, kind in kinds.items()]
        return pa.RecordBatch.from_arrays([*batch.columns, *arrays], names=[*batch.schema.names, *kinds])
