"""DALI parameters from query strings and every kind of form that clients send."""

from __future__ import annotations

import asyncio
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tests.support.asgi import Client, scope
from tianku.http.params import Params, read_params
from tianku.model.errors import LimitError, UsageError


def read(target: str = "/", method: str = "GET", body: bytes | list[bytes] = b"", kind: str = "") -> Params:
    pieces = body if isinstance(body, list) else [body]
    headers = {"content-type": kind} if kind else {}

    async def main() -> Params:
        return await read_params(Request(scope(method, target, headers), Client(pieces=pieces).receive), 1 << 20)

    return asyncio.run(main())


def test_names_have_no_case_and_values_keep_theirs() -> None:
    params = read("/?Query=SELECT+1&maxREC=5&id=a&ID=B")
    assert params.one("QUERY") == "SELECT 1" and params.count("maxrec") == 5
    assert params.all("Id") == ["a", "B"]
    assert "nothing" not in params and params.one("NOTHING") is None


@given(st.dictionaries(st.text("abcXYZ", min_size=1, max_size=5), st.text(max_size=30), max_size=5))
def test_what_is_encoded_is_read_back(values: dict[str, str]) -> None:
    encoded = "&".join(f"{name}={quote_plus(value)}" for name, value in values.items())
    from_query = read("/?" + encoded)
    from_form = read("/", "POST", encoded.encode(), "application/x-www-form-urlencoded; charset=UTF-8")
    for name in values:
        expected = [v for n, v in values.items() if n.upper() == name.upper()]
        assert from_query.all(name) == expected == from_form.all(name)


def test_query_and_form_are_one() -> None:
    params = read("/?LANG=ADQL", "POST", b"QUERY=x", "application/x-www-form-urlencoded")
    assert (params.one("lang"), params.one("query")) == ("ADQL", "x")


def test_multipart_as_stilts_sends_it() -> None:
    boundary = "<<<--------------MULTIPART-BOUNDARY------->>>"
    part = 'Content-Disposition: form-data; name="{}"\r\nContent-Type: text/plain;charset=UTF-8\r\n\r\n{}\r\n'
    text = "\r\n" + "".join(
        f"--{boundary}\r\n{part.format(n, v)}" for n, v in {"LANG": "ADQL", "QUERY": "α"}.items()
    )
    text += f'--{boundary}\r\nContent-Disposition: form-data; name="up"; filename="up"\r\n\r\n<VOTABLE/>\r\n'
    raw = f"{text}--{boundary}--\r\n".encode()
    pieces = [raw[i : i + 17] for i in range(0, len(raw), 17)]  # chunked, no Content-Length
    params = read("/", "POST", pieces, f'multipart/form-data; boundary="{boundary}"')
    assert params.one("QUERY") == "α" and params.one("LANG") == "ADQL" and params.all("up") == [""]


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"{}", "application/json", "params.unexpected_type"),
        (b"nonsense", "multipart/form-data", "params.unreadable"),
        (b"nonsense", "multipart/form-data; boundary=x", "params.unreadable"),
    ],
)
def test_unreadable_bodies_say_why(body: bytes, kind: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        read("/", "POST", body, kind)
    assert caught.value.code == code


def test_bodies_are_bounded() -> None:
    with pytest.raises(LimitError) as caught:
        read("/", "POST", [b"a=" + b"x" * 600_000, b"y" * 600_000], "application/x-www-form-urlencoded")
    assert caught.value.code == "http.body_too_long"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "params.missing"),
        ("x=abc", "params.not_a_number"),
        ("x=nan", "params.not_a_number"),
        ("x=1e400", "params.not_a_number"),
        ("x=91", "params.out_of_range"),
        ("x=1&x=2", "params.repeated"),
    ],
)
def test_numbers_are_checked(text: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        read("/?" + text).number("X", -90, 90)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "9" * 30, "٣"])
def test_counts_are_whole(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Params([("MAXREC", text)]).count("maxrec")
    assert caught.value.code == "params.not_a_count"


def test_too_many_fields_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        read("/?" + "&".join(["a=1"] * 2000))
    assert caught.value.code == "params.unreadable"
