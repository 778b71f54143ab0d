"""Where a table of a PostgreSQL database is, as configuration says it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from tianku.model.errors import UsageError

#: what a connection may be told; anything else belongs to the server's or the user's own files
_OPTIONS = (
    "host",
    "port",
    "service",
    "passfile",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "connect_timeout",
)


@dataclass(frozen=True, slots=True)
class Address:
    """A table of a database; passwords come from ``PGPASSWORD`` or a password file, never from here.

    Attributes
    ----------
    url
        What libpq connects to.
    """

    url: str
    database: str
    schema: str
    table: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``postgresql://user@host:port/database/schema.table``; without a schema it is ``public``.

        Raises
        ------
        UsageError
            ``source.postgresql_address``, ``source.postgresql_password``: one written into the configuration.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise _wrong() from None
        database, _, name = parts.path.strip("/").partition("/")
        schema, _, table = name.rpartition(".")
        options = dict(parse_qsl(parts.query))
        if parts.password is not None or "password" in options:
            raise UsageError(
                "source.postgresql_password",
                "a password does not belong into the configuration; take it out, and put it into the environment"
                " (PGPASSWORD) or into a file of mode 600 (~/.pgpass, or the one that PGPASSFILE names)",
            )
        if parts.scheme not in ("postgresql", "postgres") or not database or not table or "/" in name:
            raise _wrong()
        if unknown := [o for o in options if o not in _OPTIONS]:
            raise UsageError(
                "source.postgresql_option",
                "the address of a PostgreSQL table knows no option {option!r} (it knows {known})",
                option=unknown[0],
                known=", ".join(_OPTIONS),
            )
        host = parts.netloc if port is not None or parts.hostname else parts.netloc.rstrip(":")
        url = f"postgresql://{host}/{database}" + (f"?{parts.query}" if parts.query else "")
        return cls(url, unquote(database), unquote(schema) or "public", unquote(table))

    @property
    def place(self) -> str:
        """Its name in messages and digests: without user and host, which are nobody's business."""
        return f"{self.database}/{self.schema}.{self.table}"

    def without_secrets(self, said: str) -> str:
        """What the server or the library said, without passwords."""
        secret = os.environ.get("PGPASSWORD")
        return said.replace(secret, "***") if secret else said


def _wrong() -> UsageError:
    return UsageError(
        "source.postgresql_address",
        "`postgresql:` wants postgresql://user@host/database/schema.table",
    )
