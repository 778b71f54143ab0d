"""What a spectrum can be had as, and where: one row of an answer each (SSA 1.1, 4.2.5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from tianku.products.did import did_prefix
from tianku.usecases.picture import PublishedSet
from tianku.usecases.products import FITS

VOTABLE = "application/x-votable+xml"
#: what part of an address may not hold, and what stands for it; the sign of escapes comes first
_ESCAPES = MappingProxyType({"%": "%25", " ": "%20", "#": "%23", "?": "%3F", "&": "%26", "+": "%2B", ";": "%3B"})


@dataclass(frozen=True, slots=True)
class SpectrumFormat:
    """One way to have a spectrum.

    Attributes
    ----------
    name
        Tells the rows of one spectrum apart.
    words
        Values of FORMAT that ask for it, beside its media type.
    before, after
        What stands around the key in its address.
    of_part
        Whether the address can name one part of a product.
    original
        It is the file as published, whose size is known.
    """

    name: str
    media_type: str
    words: frozenset[str]
    before: str
    after: str
    of_part: bool = True
    original: bool = False


def spectrum_formats(one: PublishedSet, native: str, asked: frozenset[str]) -> tuple[SpectrumFormat, ...]:
    """Return the formats of `one`'s spectra that FORMAT asks for; `native` is the media type of its files."""
    base = f"{one.dataset}/{one.name}/"
    api = f"/api/v1/products/{base}"
    words = {"all", "native", *({"fits"} if native == FITS else ())}
    known = (
        SpectrumFormat("votable", VOTABLE, frozenset({"all", "compliant", "votable"}), api, "/spectrum.vot"),
        SpectrumFormat("native", native, frozenset(words), f"/download/{base}", "", of_part=False, original=True),
        SpectrumFormat("picture", "image/png", frozenset({"graphic"}), api, "/preview.png"),
    )
    media = {word.partition(";")[0] for word in asked} | ({VOTABLE} if "text/xml" in asked else set())
    return tuple(f for f in known if f.words & asked or f.media_type in media)


def references(dids: pa.Array, one: PublishedSet, authority: str, base: str, format: SpectrumFormat) -> pa.Array:
    """Return the addresses of the spectra that have these publisher identifiers."""
    start = len(did_prefix(authority, one.dataset, one.name))
    tails = pc.utf8_slice_codeunits(dids, start)
    for sign, escape in _ESCAPES.items():
        tails = pc.replace_substring(tails, sign, escape)
    found = pc.extract_regex(tails, r"^(?P<key>[^/]*)/?(?P<part>.*)$")
    keys, parts = pc.struct_field(found, "key"), pc.struct_field(found, "part")
    whole = pc.binary_join_element_wise(base + format.before, keys, format.after, "")
    if not format.of_part:
        return whole
    named = pc.binary_join_element_wise(whole, "?part=", parts, "")
    return pc.if_else(pc.equal(parts, ""), whole, named)
