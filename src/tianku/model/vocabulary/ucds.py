"""UCD1+ words: validity against the IVOA list, and what was probably meant."""

from __future__ import annotations

import difflib
from functools import cache

from astropy.io.votable import ucd as votable_ucd
from astropy.utils.data import get_pkg_data_contents

from tianku.model.vocabulary.tables import load_table


@cache
def ucd_words() -> dict[str, tuple[str, str]]:
    """Return every word of the UCD1+ list: word -> (flags, description).

    Flags are those of the list: P primary only, S secondary only, Q either, E photometric, C colour,
    V vector.
    """
    text = get_pkg_data_contents("data/ucd1p-words.txt", package="astropy.io.votable", encoding="utf-8")
    rows = (line.split("|", 2) for line in str(text).splitlines() if line.count("|") >= 2)
    return {word.strip(): (flag.strip(), about.strip()) for flag, word, about in rows}


def ucd_problem(ucd: str) -> str | None:
    """Return why `ucd` is not valid UCD1+, or None when it is."""
    if not ucd or votable_ucd.check_ucd(ucd, check_controlled_vocabulary=True, has_colon=False):
        return None
    known = {word.lower(): (word, flags) for word, (flags, _) in ucd_words().items()}
    for place, word in enumerate(ucd.split(";")):
        entry = known.get(word.strip().lower())
        if entry is None:
            return f"{word.strip()!r} is no UCD1+ word"
        if place == 0 and entry[1] == "S":
            return f"{entry[0]!r} cannot come first"
        if place > 0 and entry[1] == "P":
            return f"{entry[0]!r} can only come first"
    return "not of the form word;word;..."


def suggest_ucds(ucd: str, limit: int = 3) -> list[str]:
    """Return valid UCDs close to an invalid one: UCD1 in today's words, words corrected, order put right."""
    if old := load_table("ucd1").get(ucd.strip().upper()):
        return [old]
    words = [w.strip() for w in ucd.split(";") if w.strip()]
    folded = {w.lower(): w for w in ucd_words()}
    choices = [_near(word, folded, limit) for word in words]
    if not words or not all(choices):
        return []
    best = [c[0] for c in choices]
    candidates = [best]
    candidates += [[*best[:i], other, *best[i + 1 :]] for i, c in enumerate(choices) for other in c[1:]]
    candidates += [[best[i], *best[:i], *best[i + 1 :]] for i in range(1, len(best))]
    valid = [";".join(c) for c in candidates if ucd_problem(";".join(c)) is None]
    return list(dict.fromkeys(valid))[:limit]


def _near(word: str, folded: dict[str, str], limit: int) -> list[str]:
    if word.lower() in folded:
        return [folded[word.lower()]]
    near = difflib.get_close_matches(word.lower(), folded, limit, 0.6)
    tail = "." + word.lower()
    near = [w for w in folded if w.endswith(tail)][:limit] + near
    return [folded[w] for w in dict.fromkeys(near)][:limit]
