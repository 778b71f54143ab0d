"""The XML around the rows of a VOTable 1.4."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

import pyarrow as pa

from tianku.formats.cells import null_element
from tianku.formats.markup import attributes, description, element, text
from tianku.formats.table import Coosys, Info, Param, Service, TableInfo, Timesys
from tianku.model.metadata import Column
from tianku.model.types import TYPES, DataType

# the namespace stays that of 1.3 for all of 1.3 to 1.5
NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def field_ids(columns: Sequence[Column], taken: Sequence[str] = ()) -> list[str]:
    """XML IDs of the FIELDs: the column names made unique NCNames."""
    return list(_unique_ids(tuple(c.name for c in columns), tuple(taken)))


@lru_cache(maxsize=1000)
def _unique_ids(names: tuple[str, ...], taken: tuple[str, ...]) -> tuple[str, ...]:
    used = set(taken)
    ids: list[str] = []
    for given in names:
        stem = re.sub(r"[^A-Za-z0-9_.-]", "_", given)
        stem = stem if re.match(r"[A-Za-z_]", stem) else f"_{stem}"
        name, count = stem, 1
        while name in used:
            count += 1
            name = f"{stem}_{count}"
        used.add(name)
        ids.append(name)
    return tuple(ids)


def head(columns: Sequence[Column], info: TableInfo, wide: Collection[int] = ()) -> str:
    """Everything before DATA; `tail` closes what it opens. Columns number `wide` are ``unicodeChar``."""
    ids = _ids(columns, info)
    infos = [Info("QUERY_STATUS", "OK"), *info.infos]
    return "\n".join(
        [
            _root(info.version),
            f"<RESOURCE{attributes(type='results', utype=info.resource_utype)}>",
            *(_info(i) for i in infos),
            *(_coosys(c, info.version) for c in info.coosys),
            *(_timesys(t) for t in info.timesys),
            *(_param(p, _system_of(p.name, info)) for p in info.params),
            f"<TABLE{attributes(name=info.name, utype=info.utype, nrows=info.nrows)}>",
            *([description(info.description)] if info.description else []),
            *(_field(c, ids[i], _system_of(c.name, info), i in wide) for i, c in enumerate(columns)),
            *(_link(link) for link in info.links),
            "",
        ]
    )


def tail(columns: Sequence[Column], info: TableInfo) -> str:
    """Everything after DATA; looks at `info.overflow` now."""
    over = [_info(Info("QUERY_STATUS", "OVERFLOW", info.overflow_text))] if info.overflow else []
    ids = dict(zip((c.name.lower() for c in columns), _ids(columns, info), strict=True))
    services = [_service(service, ids) for service in info.services]
    return "\n".join(["</TABLE>", *over, "</RESOURCE>", *services, "</VOTABLE>", ""])


def error_document(message: str, version: str = "1.4") -> str:
    """A VOTable that says what went wrong (DALI 1.1 §4.4)."""
    info = _info(Info("QUERY_STATUS", "ERROR", message))
    return "\n".join([_root(version), '<RESOURCE type="results">', info, "</RESOURCE>", "</VOTABLE>", ""])


def _ids(columns: Sequence[Column], info: TableInfo) -> list[str]:
    taken = [c.id for c in info.coosys] + [t.id for t in info.timesys]
    taken += [s.id for s in info.services if s.id] + [i.id for i in info.infos if i.id]
    return field_ids(columns, taken)


def _root(version: str) -> str:
    space = f'xmlns="{NAMESPACE}" xmlns:xsi="{_XSI}" xsi:schemaLocation="{NAMESPACE} {NAMESPACE}"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="{version}" {space}>'


def _info(info: Info) -> str:
    return element("INFO", text(info.text), ID=info.id, name=info.name, value=info.value, ucd=info.ucd)


def _coosys(system: Coosys, version: str) -> str:
    epoch = None if system.epoch is None else f"J{system.epoch:.15g}"
    place = system.refposition if version >= "1.5" else None
    return element("COOSYS", ID=system.id, system=system.system, epoch=epoch, refposition=place)


def _timesys(system: Timesys) -> str:
    return element(
        "TIMESYS",
        ID=system.id,
        timeorigin=system.timeorigin,
        timescale=system.timescale,
        refposition=system.refposition,
    )


def _system_of(column: str, info: TableInfo) -> str | None:
    systems: list[Coosys | Timesys] = [*info.coosys, *info.timesys]
    return next((s.id for s in systems if column in s.columns), None)


# a small answer is mostly this text, and the same columns are asked for again and again
@lru_cache(maxsize=20_000)
def _field(column: Column, identifier: str, system: str | None, wide: bool) -> str:
    kind = column.type
    textual = kind in (DataType.STRING, DataType.TIMESTAMP)
    stamp = "timestamp" if kind is DataType.TIMESTAMP and column.arraysize is None else None
    return element(
        "FIELD",
        description(str(column.description)) + _null_element(column),
        ID=identifier,
        name=column.name,
        datatype="unicodeChar" if wide else TYPES[kind].votable,
        arraysize="*" if textual else column.arraysize,
        xtype=column.xtype or stamp,
        unit=column.unit,
        ucd=column.ucd,
        utype=column.utype,
        ref=system,
    )


def _null_element(column: Column) -> str:
    """Null elements of integer arrays need a value of their own; scalars have flags or empty cells."""
    scalar = TYPES[column.type].arrow
    if column.arraysize is None or not pa.types.is_integer(scalar):
        return ""
    return element("VALUES", null=null_element(scalar))


def _link(link: object) -> str:
    values = {name: getattr(link, name) for name in ("content_role", "content_type", "title", "href")}
    return element("LINK", **{name.replace("_", "-"): value for name, value in values.items()})


def _service(service: Service, ids: dict[str, str]) -> str:
    params = [
        Param("accessURL", service.access_url),
        *([Param("standardID", service.standard_id)] if service.standard_id else []),
        *([Param("contentType", service.content_type)] if service.content_type else []),
        *service.extra,
    ]
    inputs = "\n".join(_param(p, ids.get(p.column.lower()) if p.column else None) for p in service.inputs)
    group = f'<GROUP name="inputParams">\n{inputs}\n</GROUP>' if service.inputs else ""
    body = "\n".join([description(service.description), *(_param(p) for p in params), group])
    return element("RESOURCE", body, type="meta", ID=service.id, name=service.name, utype="adhoc:service")


def _param(param: Param, ref: str | None = None) -> str:
    return element(
        "PARAM",
        description(param.description) + _values(param),
        name=param.name,
        datatype=param.datatype,
        arraysize=param.arraysize,
        xtype=param.xtype,
        unit=param.unit,
        ucd=param.ucd,
        utype=param.utype,
        ref=ref,
        value=param.value,
    )


def _values(param: Param) -> str:
    low = element("MIN", value=param.minimum) if param.minimum is not None else ""
    high = element("MAX", value=param.maximum) if param.maximum is not None else ""
    options = "".join(element("OPTION", value=option) for option in param.options)
    return element("VALUES", low + high + options) if low or high or options else ""
