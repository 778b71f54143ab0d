"""``/vo/<dataset>/<table>/scs[/<position>][/<sibling>]``: which service a path names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tianku.model.errors import NotFoundError

#: what `protocols:` of a table says
PROTOCOL = "scs"
_SEGMENT = r"[a-z0-9][a-z0-9.-]*"
#: starlette checks it too, so that other protocols' paths never come here
PATTERN = re.compile(
    rf"(?P<dataset>{_SEGMENT}(/{_SEGMENT}){{0,2}})/(?P<table>[a-z][a-z0-9_]*)/scs"
    r"(/(?!(capabilities|availability|tables)$)(?P<position>\w+))?"
    r"(/(?P<sibling>capabilities|availability|tables))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ScsAddress:
    """One cone search service; `sibling` is the VOSI resource asked for, if not the search itself."""

    dataset: str
    table: str
    position: str | None
    sibling: str | None

    @property
    def path(self) -> str:
        """The path of the search itself."""
        tail = f"/{self.position}" if self.position else ""
        return f"/vo/{self.dataset}/{self.table}/scs{tail}"


def parse_address(path: str) -> ScsAddress:
    """Return the service that `path`, without ``/vo/``, names.

    Raises
    ------
    NotFoundError
        ``scs.no_service``
    """
    found = PATTERN.fullmatch(path)
    if found is None:
        raise NotFoundError("scs.no_service", "There is no service at /vo/{path}.", path=path[:200])
    return ScsAddress(found["dataset"], found["table"], found["position"], found["sibling"])
