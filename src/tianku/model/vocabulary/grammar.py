"""Read a unit written in any of the usual notations: ``km/s``, ``km s-1``, ``erg/(s.cm^2)``, ``1e-17 erg``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

_NUMBER = re.compile(r"10\s*(?:\*\*|\^)\s*\(?([-+]?\d+)\)?|(10[-+]\d+)|(\d+(?:\.\d*)?(?:[eEdD][-+]?\d+)?)")
_WORD = re.compile(r"[^\W\d_]+(?:_[^\W\d_]+)*|[%°′″'\"]+")
_POWER = re.compile(
    r"\s*(?:\*\*|\^)\s*(?:\(\s*([-+]?\d+(?:\s*/\s*\d+|\.\d+)?)\s*\)|([-+]?\d+(?:\.\d+)?))|([-+]?\d+)"
)
_OPERATOR = re.compile(r"\s*(\*(?!\*)|/|\.|·|×|\s)\s*")

#: deepest parentheses and longest text that are read
MAX_DEPTH = 8
MAX_LENGTH = 200


class UnitSyntaxError(ValueError):
    """The text is no unit in any notation known here."""


@dataclass(slots=True)
class ParsedUnit:
    """``factor x 10**exponent x product of words to their powers``, words in the order written."""

    factor: float = 1.0
    exponent: int = 0
    words: dict[str, Fraction] = field(default_factory=dict)

    def multiply(self, other: ParsedUnit, power: Fraction) -> None:
        """Multiply in place by ``other**power``; scales take integer powers only."""
        if other.factor != 1.0 or other.exponent:
            if power.denominator != 1:
                raise UnitSyntaxError("a root of a number")
            self.factor *= other.factor ** int(power)
            self.exponent += other.exponent * int(power)
        for word, own in other.words.items():
            self.words[word] = self.words.get(word, Fraction(0)) + own * power


def parse(text: str) -> ParsedUnit:
    """Return what `text` says, without judging whether its words are units.

    Raises
    ------
    UnitSyntaxError
        When the text cannot be a unit.
    """
    if len(text) > MAX_LENGTH:
        raise UnitSyntaxError("too long")
    reader = _Reader(text.strip())
    result = reader.product(0)
    if reader.at != len(reader.text):
        raise UnitSyntaxError(f"{reader.text[reader.at :]!r} is not understood")
    return result


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def product(self, depth: int) -> ParsedUnit:
        if depth > MAX_DEPTH:
            raise UnitSyntaxError("nested too deeply")
        result = ParsedUnit()
        sign = -1 if self.text[self.at : self.at + 1] == "/" else 1
        self.at += sign < 0
        while True:
            factor, power = self.factor(depth)
            result.multiply(factor, power * sign)
            operator = self._take(_OPERATOR)
            if operator is None and not self._starts_factor():
                return result
            sign = -1 if operator and operator.group(1) == "/" else 1

    def _starts_factor(self) -> bool:
        rest = self.text[self.at : self.at + 1]
        return bool(rest) and rest != ")"

    def factor(self, depth: int) -> tuple[ParsedUnit, Fraction]:
        if self.text.startswith(("(", "sqrt("), self.at):
            root = self.text.startswith("sqrt", self.at)
            self.at = self.text.index("(", self.at) + 1
            inside = self.product(depth + 1)
            if not self.text.startswith(")", self.at):
                raise UnitSyntaxError("a parenthesis is not closed")
            self.at += 1
            return inside, self.power() * (Fraction(1, 2) if root else 1)
        if number := self._take(_NUMBER):
            return _scale(number), Fraction(1)
        if word := self._take(_WORD):
            return ParsedUnit(words={word.group(): Fraction(1)}), self.power()
        raise UnitSyntaxError(f"{self.text[self.at :]!r} is not understood")

    def power(self) -> Fraction:
        found = self._take(_POWER)
        if found is None:
            return Fraction(1)
        try:
            return Fraction("".join((found[1] or found[2] or found[3]).split())).limit_denominator(100)
        except ZeroDivisionError as error:
            raise UnitSyntaxError("division by zero") from error


def _scale(number: re.Match[str]) -> ParsedUnit:
    ten, short, plain = number.groups()
    if ten or short:
        return ParsedUnit(exponent=_bounded(int(ten or short[2:])))
    mantissa, _, exponent = plain.lower().replace("d", "e").partition("e")
    value, shift = float(mantissa), int(exponent or 0)
    if value <= 0:
        raise UnitSyntaxError("a scale of zero")
    while value >= 10 and value % 10 == 0:
        value, shift = value / 10, shift + 1
    digits = mantissa.partition(".")[2]
    if value < 1 and digits.strip("0") == "1":
        value, shift = 1.0, shift - digits.index("1") - 1
    return ParsedUnit(factor=value, exponent=_bounded(shift))


def _bounded(exponent: int) -> int:
    if abs(exponent) > 99:
        raise UnitSyntaxError("an exponent beyond 99")
    return exponent
