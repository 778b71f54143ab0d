"""Clients without a token are sent to the host that they know by name."""

from __future__ import annotations

import re

from tests.compat.conftest import Served
from tests.support.server import serving
from tests.support.web import fetch
from tianku.usecases.centre import Centre

HOST = "oauth.china-vo.org"
QUERY = "/openapi/dr11/v0/sql?sql=select%20obsid%20from%20combined"


def test_closed_releases_lead_to_the_login_host(lamost: Served) -> None:
    centre = Centre.open(lamost.site.root)
    centre.site = centre.site.model_copy(update={"login_hosts": {"lamost": HOST}})
    with serving(centre) as (address, _):
        reply = fetch(address, QUERY)
        assert reply.status == 401 and reply.headers["content-type"].startswith("text/html")
        assert re.search(rf'<meta http-equiv="refresh" content="0;url=https://{re.escape(HOST)}/">', reply.text)
        assert fetch(address, f"{QUERY}&token={lamost.site.token}").status == 200
        wrong = fetch(address, f"{QUERY}&token=nothing")
        assert wrong.status == 401 and "please check your token" in wrong.json["description"]
        assert fetch(address, QUERY.replace("dr11", "dr12")).status == 404
        assert fetch(address, QUERY.replace("dr11/v0", "dr10/v2.0")).status == 200
