"""Our own address, and who may say it."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from tests.support.asgi import scope
from tianku.http.absolute import absolute, base_url
from tianku.model.config.site import SiteConfig
from tianku.model.errors import UsageError

FORWARDED = {"host": "inner:8000", "x-forwarded-proto": "https", "x-forwarded-host": "data.example.org, other"}


def site(**more: object) -> SiteConfig:
    return SiteConfig.model_validate({"authority": "test.example", "title": "Test", **more})


def request(headers: dict[str, str], client: str = "10.0.0.1") -> Request:
    return Request(scope("GET", "/", headers, client))


def test_the_request_says_it_unless_the_site_does() -> None:
    assert base_url(request({"host": "here:81"}), site()) == "http://here:81"
    assert (
        base_url(request({"host": "here:81"}), site(url="https://data.example.org/")) == "https://data.example.org"
    )


def test_only_trusted_proxies_are_believed() -> None:
    assert base_url(request(FORWARDED), site()) == "http://inner:8000"
    assert base_url(request(FORWARDED), site(trusted_proxies=["10.0.0.1"])) == "https://data.example.org"


@pytest.mark.parametrize("host", ["", "a b", "x/y", 'evil.org"><', "u@h", "h:123456"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(UsageError):
        base_url(request({"host": host}), site())


def test_paths_become_absolute_and_addresses_stay() -> None:
    assert absolute(request({"host": "h"}), site(), "/x") == "http://h/x"
    assert absolute(request({"host": "h"}), site(), "https://else.where/x") == "https://else.where/x"
