"""``python -m tianku.adql``: a JSON list of queries on stdin, a JSON list of "accepted?" on stdout."""

from __future__ import annotations

import json
import sys

from tianku.adql.parser import parse
from tianku.model.errors import UsageError


def accepted(query: str) -> bool:
    """Whether a text is ADQL 2.1."""
    try:
        parse(query)
    except UsageError:
        return False
    return True


if __name__ == "__main__":
    json.dump([accepted(query) for query in json.load(sys.stdin)], sys.stdout)
