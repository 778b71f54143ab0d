"""What site.yaml says reaches Django."""

from __future__ import annotations

from pathlib import Path

import pytest

from tianku.model.config.site import SiteConfig
from tianku.state.web_settings import web_settings


def _settings(**site: object) -> dict[str, object]:
    config = SiteConfig.model_validate({"authority": "test.authority", "title": "Vault", **site})
    return web_settings(Path("root"), [], {"site": config})


def test_a_public_https_address_closes_other_hosts_and_secures_cookies() -> None:
    found = _settings(url="https://vault.org/", signup=True)
    assert found["ALLOWED_HOSTS"] == ["vault.org", "localhost", "127.0.0.1", "[::1]"]
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://vault.org"]
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["TIANKU_SIGNUP"] is True
    assert found["WAGTAIL_SITE_NAME"] == "Vault"


def test_without_an_address_any_host_may_ask() -> None:
    found = _settings()
    assert found["ALLOWED_HOSTS"] == ["*"]
    assert found["SESSION_COOKIE_SECURE"] is False
    assert found["TIANKU_SIGNUP"] is False


@pytest.mark.parametrize(
    ("address", "tls", "ssl"), [("smtp+tls://u:p@mail:587", True, False), ("smtps://mail:465", False, True)]
)
def test_mail_addresses(address: str, tls: bool, ssl: bool) -> None:
    found = web_settings(Path("root"), [], {"email_url": address})
    assert (found["EMAIL_HOST"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == ("mail", tls, ssl)
    assert found["ACCOUNT_EMAIL_VERIFICATION"] == "mandatory"
