"""XML pieces: escaping, attributes, elements."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.compute as pc

#: Characters XML 1.0 cannot carry, even escaped.
ILLEGAL = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_ILLEGAL = re.compile(ILLEGAL)


def text(value: str) -> str:
    """Escape character data; characters that XML cannot carry are left out."""
    return escape(_ILLEGAL.sub("", value))


def attributes(**values: object) -> str:
    """Attributes in the order given, each with a leading blank; None is left out."""
    return "".join(
        f" {name}={quoteattr(_ILLEGAL.sub('', str(value)))}" for name, value in values.items() if value is not None
    )


def element(tag: str, content: str = "", /, **values: object) -> str:
    """One element; `content` is ready markup."""
    opened = f"<{tag}{attributes(**values)}"
    return f"{opened}>{content}</{tag}>" if content else f"{opened}/>"


def description(value: str) -> str:
    """A DESCRIPTION, or nothing."""
    return element("DESCRIPTION", text(value)) if value else ""


def escaped(array: pa.Array) -> pa.Array:
    """A text column as XML character data."""
    if not pc.any(pc.match_substring_regex(array, f"[&<>\r]|{ILLEGAL}")).as_py():
        return array
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        array = pc.replace_substring(array, character, entity)
    return pc.replace_substring_regex(array, ILLEGAL, "")
