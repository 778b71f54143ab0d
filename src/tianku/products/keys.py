"""Product keys by rule: the first rule that gives a valid key wins; nothing is evaluated as code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tianku.model.errors import UsageError

Values = Mapping[str, str | int | float | bool | None]

_FIELD = re.compile(r"\{(?:header\.)?([A-Za-z_][\w-]*)(?::(0?\d{0,2})([ds]))?\}")
_TEST = re.compile(
    r"(?:header\.)?([A-Za-z_][\w-]*)\s*(?:(<=|>=|!=|==|=|<|>)\s*(-?\d+(?:\.\d*)?|'[^']*'|\"[^\"]*\"))?"
)
#: what a key may consist of, so that it stands unescaped in a URL, a DID and a file name
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+=@-]{0,127}")


def canonical(name: str) -> str:
    """Return the one spelling that stands for a keyword: lower case, ``-`` as ``_``."""
    return name.strip().lower().replace("-", "_")


@dataclass(frozen=True, slots=True)
class _Comparison:
    name: str
    operator: str
    value: str | float


@dataclass(frozen=True, slots=True)
class KeyRules:
    """Compiled key rules; make them with `compile_keys`."""

    texts: tuple[str, ...]
    _rules: tuple[str | tuple[_Comparison, ...], ...]

    @property
    def names(self) -> frozenset[str]:
        """The keywords the rules read."""
        found: set[str] = set()
        for rule in self._rules:
            found |= {m[1] for m in _FIELD.finditer(rule)} if isinstance(rule, str) else {c.name for c in rule}
        return frozenset(found)

    def key(self, values: Values) -> str:
        """Return the key of a product from its header values.

        Raises
        ------
        UsageError
            ``key.none``: no rule gives a valid key; says what each rule saw.
        """
        for rule in self._rules:
            key = _fill(rule, values) if isinstance(rule, str) else _tested(rule, values)
            if key and _KEY.fullmatch(key):
                return key
        seen = ", ".join(f"{name}={_lookup(values, name)!r}" for name in sorted(self.names))
        raise UsageError(
            "key.none", "no key rule fits ({rules}); the file has {seen}", rules="; ".join(self.texts), seen=seen
        )


def compile_keys(rules: Sequence[str]) -> KeyRules:
    """Compile rules such as ``header.OBSID > 0`` (its value) or ``{LMJD}-{FIBERID:03d}`` (a template).

    Raises
    ------
    UsageError
        ``key.bad_rule``: neither form; says which rule.
    """
    return KeyRules(tuple(rules), tuple(_compile(rule) for rule in rules))


def _compile(rule: str) -> str | tuple[_Comparison, ...]:
    if "{" in rule:
        rest = _FIELD.sub("", rule)
        if "{" in rest or "}" in rest:
            raise _bad_rule(rule)
        return rule
    tests = [_TEST.fullmatch(text.strip()) for text in re.split(r"\s+and\s+", rule, flags=re.IGNORECASE)]
    if not tests or not all(tests):
        raise _bad_rule(rule)
    return tuple(_Comparison(t[1], t[2] or "", _literal(t[3])) for t in tests if t)


def _bad_rule(rule: str) -> UsageError:
    return UsageError(
        "key.bad_rule",
        "key rule {rule!r} is neither a condition (header.OBSID > 0) nor a template ({example})",
        rule=rule,
        example="{LMJD}-sp{SPID:02d}",
    )


def _literal(text: str | None) -> str | float:
    if text is None:
        return ""
    return text[1:-1] if text[0] in "'\"" else float(text)


def _lookup(values: Values, name: str) -> str | int | float | bool | None:
    """Keywords may be written with ``_`` for ``-`` (DATE_OBS for DATE-OBS)."""
    value = values.get(name)
    return values.get(name.replace("_", "-")) if value is None else value


def _fill(template: str, values: Values) -> str | None:
    """Return the filled template, or None when a value is missing or no number where one is asked for."""
    pieces: list[str] = []
    at = 0
    for field in _FIELD.finditer(template):
        piece = _piece(_lookup(values, field[1]), field[2], field[3])
        if piece is None:
            return None
        pieces += [template[at : field.start()], piece]
        at = field.end()
    return "".join(pieces) + template[at:]


def _piece(value: str | int | float | bool | None, width: str | None, kind: str | None) -> str | None:
    if kind == "d":
        try:
            number = int(str(value).strip())
        except ValueError:
            return None
        return f"{number:{width}d}" if number >= 0 else None
    text = _text(value)
    return f"{text:>{(width or '').lstrip('0') or 0}}" if text else None


def _tested(tests: tuple[_Comparison, ...], values: Values) -> str | None:
    if not all(_holds(test, _lookup(values, test.name)) for test in tests):
        return None
    return _text(_lookup(values, tests[0].name))


def _holds(test: _Comparison, value: str | int | float | bool | None) -> bool:
    if value is None or not test.operator:
        return bool(_text(value))
    left: str | float = str(value).strip()
    if isinstance(test.value, float):
        try:
            left = float(left)
        except ValueError:
            return False
    order = (left > test.value) - (left < test.value)  # type: ignore[operator]
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0, "!=": order != 0}.get(
        test.operator, order == 0
    )


def _text(value: str | int | float | bool | None) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()
