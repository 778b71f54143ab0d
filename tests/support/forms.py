"""A browser without a window: it keeps cookies and fills in the forms that pages hold."""

from __future__ import annotations

import http.client
import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.support.web import Reply


class Browser:
    """Requests of one visitor over one connection, to whichever worker accepts it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies: dict[str, str] = {}
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)

    def request(self, method: str, path: str, body: str | None = None) -> Reply:
        """Send cookies, keep those that come back; redirects are not followed."""
        headers = {"Origin": self.address, "Referer": self.address + path}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        reply = self._connection.getresponse()
        for value in reply.headers.get_all("set-cookie", []):
            for name, morsel in SimpleCookie(value).items():
                self.cookies[name] = morsel.value
        return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())

    def get(self, path: str) -> Reply:
        """Load a page."""
        return self.request("GET", path)

    def submit(self, page: str, path: str, **fields: str) -> Reply:
        """Send the form that `page` holds for `path`, with the token it carries."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(page).text)
        assert token is not None, f"{page} holds no form"
        return self.request("POST", path, urlencode({"csrfmiddlewaretoken": token[1], **fields}))

    def log_in(self, name: str, password: str) -> None:
        """Log in by the form."""
        reply = self.submit("/account/login/", "/account/login/", login=name, password=password)
        assert (reply.status, reply.headers.get("location")) == (302, "/account/"), reply.text

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
