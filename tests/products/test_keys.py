"""Key rules: first valid wins, nothing is executed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianku.model.errors import UsageError
from tianku.products.keys import compile_keys
from tianku.products.readers import read_spectrum

LAMOST = compile_keys(["header.OBSID > 0", "{LMJD}-{PLANID}-sp{SPID:02d}-{FIBERID:03d}"])
NATURAL = {"LMJD": 56309, "PLANID": "GAC088N20V1", "SPID": 8, "FIBERID": "126 "}


def test_valid_obsid_wins() -> None:
    assert LAMOST.key({"OBSID": 3703110, **NATURAL}) == "3703110"


@pytest.mark.parametrize("obsid", [None, 0, -28762, "n/a"])
def test_natural_key_when_obsid_is_absent_or_overflowed(obsid: object) -> None:
    assert LAMOST.key({"OBSID": obsid, **NATURAL}) == "56309-GAC088N20V1-sp08-126"  # type: ignore[dict-item]


def test_no_rule_fits_says_what_was_seen() -> None:
    with pytest.raises(UsageError, match=r"OBSID=-1.*PLANID=None") as caught:
        LAMOST.key({"OBSID": -1, "LMJD": 56309})
    assert caught.value.code == "key.none"


@pytest.mark.parametrize("rule", ["{LMJD", "{a.b}", "__import__('os')", "OBSID >", "{X!r}", "{X:>99999999}"])
def test_bad_rules_are_refused(rule: str) -> None:
    with pytest.raises(UsageError) as caught:
        compile_keys([rule])
    assert caught.value.code == "key.bad_rule"


def test_conditions_with_text_ranges_and_hyphens() -> None:
    rules = compile_keys(["DATE_OBS = '2020' and OBSID != 5", "{stem}"])
    assert rules.key({"DATE-OBS": "2020", "OBSID": 6, "stem": "x"}) == "2020"
    assert rules.key({"DATE-OBS": "2020", "OBSID": 5, "stem": "x"}) == "x"


def test_every_real_file_has_its_own_key(test_data: Path) -> None:
    files = sorted((test_data / "lamost-spectra").iterdir())
    headers = [read_spectrum(p).header for p in files]
    keys = [LAMOST.key(h) for h in headers]
    natural = {(h["LMJD"], str(h["PLANID"]), h["SPID"], int(str(h["FIBERID"]))) for h in headers}
    assert sum("-sp" in key for key in keys) == 61
    assert len({*keys}) >= len(natural)


@given(st.dictionaries(st.sampled_from(["OBSID", "LMJD", "PLANID", "SPID", "FIBERID"]), st.text() | st.integers()))
def test_a_key_is_always_safe(values: dict[str, str | int]) -> None:
    try:
        key = LAMOST.key(values)
    except UsageError:
        return
    assert key.isascii() and not set(key) & set(" /?#%&'\"<>\\")
