"""From rows of catalogues to files, by the descriptors that answers carry."""

from __future__ import annotations

import re
from typing import Any

import pytest
import pyvo
from astropy.coordinates import SkyCoord

from tests.support.web import fetch

DATASET = "lamost-sim/dr10/v2.0"
TABLE, LRS = "lamost_sim_dr10_v2_0.catalogue", f"{DATASET}/lrs"
#: what DataLink 1.1, 4 asks of a descriptor, for a column `obsid` of keys
DESCRIPTOR = """\
<RESOURCE type="meta" ID="datalink" name="Links to files and spectra" utype="adhoc:service">
<PARAM name="accessURL" datatype="char" arraysize="*" value="{base}/vo/datalink/{set}/links"/>
<PARAM name="standardID" datatype="char" arraysize="*" value="ivo://ivoa.net/std/DataLink#links-1.1"/>
<PARAM name="contentType" datatype="char" arraysize="*" value="application/x-votable+xml;content=datalink"/>
<GROUP name="inputParams">
<PARAM name="ID" datatype="char" arraysize="*" ucd="meta.id;meta.main" ref="{column}" value="">\
<DESCRIPTION>key of a product</DESCRIPTION></PARAM>
</GROUP></RESOURCE>"""


@pytest.fixture
def tap(demo_site: str) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(f"{demo_site}/vo/tap")


def descriptors(site: str, query: str) -> list[str]:
    body = fetch(site, "/vo/tap/sync", params={"LANG": "ADQL", "QUERY": query}).text
    return re.findall(r'<RESOURCE type="meta".*?</RESOURCE>', body, re.DOTALL)


def files(links: Any) -> list[str]:
    return [link["access_url"] for link in links if link["semantics"] == "#this"]


def test_the_descriptor_is_as_the_standard_has_it(demo_site: str):
    whole = DESCRIPTOR.format(base=demo_site, set=LRS, column="obsid")
    assert descriptors(demo_site, f"SELECT TOP 2 * FROM {TABLE}") == [whole]
    renamed = DESCRIPTOR.format(base=demo_site, set=LRS, column="which")
    inner = f"SELECT obsid AS which, z FROM {TABLE} WHERE z > 0"
    assert descriptors(demo_site, f"SELECT TOP 2 z, which FROM ({inner}) AS q") == [renamed]


@pytest.mark.parametrize("columns", ["ra, dec", "obsid + 0 AS obsid", "COUNT(obsid) AS obsid", "'1' AS obsid"])
def test_what_names_no_product_leads_nowhere(demo_site: str, columns: str):
    assert descriptors(demo_site, f"SELECT {columns} FROM {TABLE}") == []


def test_each_column_that_names_products_has_a_descriptor(demo_site: str):
    query = f"SELECT a.obsid, b.obsid FROM {TABLE} AS a JOIN {TABLE} AS b ON a.obsid = b.obsid"
    first, second = descriptors(demo_site, query)
    assert 'ref="obsid"' in first and 'ID="datalink_2"' in second and 'ref="obsid_2"' in second


@pytest.mark.parametrize("how", ["run_sync", "run_async"])
def test_rows_of_a_query_lead_to_their_spectra(tap: pyvo.dal.TAPService, demo_site: str, how: str):
    rows = getattr(tap, how)(f"SELECT TOP 3 obsid AS which, ra FROM {TABLE} ORDER BY obsid")
    # without `preserve_order` pyVO 1.9 compares numbers with the texts of the links table
    found = [files(links) for links in rows.iter_datalinks(preserve_order=True)]
    assert found == [[f"{demo_site}/download/{LRS}/{key}"] for key in rows["which"]] and len(found) == 3
    assert files(rows[0].getdatalink()) == found[0]
    file = fetch(demo_site, found[0][0].removeprefix(demo_site))
    assert file.status == 200 and file.body[:2] == b"\x1f\x8b"


def test_rows_of_a_cone_lead_to_their_spectra(demo_site: str):
    cone = pyvo.dal.SCSService(f"{demo_site}/vo/{DATASET}/catalogue/scs")
    rows = cone.search(pos=SkyCoord(56.75, 24.12, unit="deg"), radius=1.0, maxrec=2)
    for row, links in zip(rows, rows.iter_datalinks(), strict=True):
        assert files(links) == [f"{demo_site}/download/{LRS}/{row['obsid']}"]


def test_rows_of_obscore_lead_to_their_files(tap: pyvo.dal.TAPService):
    where = f"obs_publisher_did LIKE '%/{LRS}?%'"
    rows = tap.run_sync(f"SELECT TOP 3 obs_publisher_did AS did FROM ivoa.obscore WHERE {where}")
    found = [(links["ID"][0], files(links)) for links in rows.iter_datalinks()]
    assert sorted(did for did, _ in found) == sorted(rows["did"]) and len(found) == 3
    assert all(file[0].rpartition("/")[2] == did.partition("?")[2] for did, file in found)
