"""All routes under ``/vo``, and ``/xmatch``, whose clients know its path."""

from __future__ import annotations

from starlette.routing import Route

from tianku.vo.datalink import routes as datalink
from tianku.vo.scs import routes as scs
from tianku.vo.sia1 import routes as sia1
from tianku.vo.sia2 import routes as sia2
from tianku.vo.soda import routes as soda
from tianku.vo.ssa import routes as ssa
from tianku.vo.tap import routes as tap
from tianku.vo.xmatch import routes as xmatch


def routes() -> list[Route]:
    """Return the routes; those per dataset come last, their paths being the most general."""
    services = (tap, datalink, soda, sia1, sia2, ssa, xmatch, scs)
    return [route for service in services for route in service.routes()]
