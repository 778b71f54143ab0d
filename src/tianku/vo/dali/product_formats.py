"""What a product can be had as, and where; answers in which every product has a row per format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.products.did import did_prefix
from tianku.usecases.picture import PublishedSet

#: what part of an address may not hold, and what stands for it; the sign of escapes comes first
_ESCAPES = MappingProxyType({"%": "%25", " ": "%20", "#": "%23", "?": "%3F", "&": "%26", "+": "%2B", ";": "%3B"})


@dataclass(frozen=True, slots=True)
class ProductFormat:
    """One way to have a product.

    Attributes
    ----------
    name
        Tells the rows of one product apart.
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


def references(dids: pa.Array, one: PublishedSet, authority: str, base: str, format: ProductFormat) -> pa.Array:
    """Return the addresses of the products that have these publisher identifiers."""
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


def by_format(
    formats: Sequence[ProductFormat], rows: int, make: Callable[[ProductFormat], pa.RecordBatch]
) -> pa.RecordBatch:
    """Return the rows that `make` gives for each format, those of one product together."""
    many = [make(one) for one in formats]
    if not rows:
        return many[0]
    order = np.arange(len(formats) * rows).reshape(len(formats), rows).T.ravel()
    return pa.Table.from_batches(many).combine_chunks().take(pa.array(order)).combine_chunks().to_batches()[0]
