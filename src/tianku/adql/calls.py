"""Grammar of function calls (ADQL 2.1 sections 2.3, 4 and 5)."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sqlglot import exp

from tianku.adql.cursor import Cursor
from tianku.adql.lexer import Token
from tianku.adql.terms import Can, Term

#: numeric functions: least and most arguments
NUMERIC = {
    "ABS": (1, 1), "CEILING": (1, 1), "DEGREES": (1, 1), "EXP": (1, 1), "FLOOR": (1, 1), "LOG": (1, 1),
    "LOG10": (1, 1), "RADIANS": (1, 1), "SQRT": (1, 1), "ACOS": (1, 1), "ASIN": (1, 1), "ATAN": (1, 1),
    "COS": (1, 1), "COT": (1, 1), "SIN": (1, 1), "TAN": (1, 1),
    "ATAN2": (2, 2), "MOD": (2, 2), "POWER": (2, 2), "PI": (0, 0),
    "RAND": (0, 1), "ROUND": (1, 2), "TRUNCATE": (1, 2),
}  # fmt: skip
AGGREGATES = frozenset({"AVG", "COUNT", "MAX", "MIN", "SUM"})
#: geometry functions and what they give
GEOMETRY = {
    "POINT": Can.GEOMETRY, "CIRCLE": Can.GEOMETRY, "BOX": Can.GEOMETRY, "POLYGON": Can.GEOMETRY,
    "REGION": Can.GEOMETRY, "CENTROID": Can.GEOMETRY, "AREA": Can.NUMBER, "COORD1": Can.NUMBER,
    "COORD2": Can.NUMBER, "COORDSYS": Can.STRING, "DISTANCE": Can.NUMBER, "CONTAINS": Can.NUMBER,
    "INTERSECTS": Can.NUMBER,
}  # fmt: skip
_ONE_GEOMETRY = frozenset({"CENTROID", "AREA", "COORD1", "COORD2", "COORDSYS"})
_TYPES = {
    "SMALLINT": "SMALLINT", "INTEGER": "INT", "BIGINT": "BIGINT", "REAL": "FLOAT", "TIMESTAMP": "TIMESTAMP",
    "CHAR": "VARCHAR", "VARCHAR": "VARCHAR",
}  # fmt: skip
_SHAPES = frozenset({"POINT", "CIRCLE", "POLYGON"})


class Calls(Cursor, ABC):
    """Reads ``NAME(…)``; `expression` comes from the class that reads expressions."""

    @abstractmethod
    def expression(self, floor: int = 0) -> Term:
        """Read an expression whose operators bind tighter than `floor`."""

    def value(self, want: Can = Can.VALUE, what: str = "a value") -> Term:
        """Read an expression that is no condition, and may be what `want` says."""
        token = self.token
        term = self.expression(4)
        if not term.can & want:
            raise self.expected(what, token)
        return term

    def call(self, token: Token) -> Term:
        """Read the call whose name is `token` and whose ``(`` is next."""
        name = token.text.upper()
        if token.kind == "word" and not self._known(name):
            raise self.expected("an expression", token)
        self.expect_op("(")
        self.enter()
        node, can, height = self._call(name, token)
        self.depth -= 1
        return Term(self.mark(node, token), can, height + 1, primary=True)

    @staticmethod
    def _known(name: str) -> bool:
        special = ("LOWER", "UPPER", "COALESCE", "CAST", "IN_UNIT")
        return name in NUMERIC or name in AGGREGATES or name in GEOMETRY or name in special

    def _call(self, name: str, token: Token) -> tuple[exp.Expr, Can, int]:
        if token.kind == "word":
            if name in AGGREGATES:
                return self._aggregate(name)
            if name == "CAST":
                return self._cast()
            if name in GEOMETRY:
                return self._geometry(name, token)
        args = self._arguments()
        self._check(name, token, args)
        string = name in ("LOWER", "UPPER") and token.kind == "word"
        can = Can.STRING if string else Can.NUMBER if name in NUMERIC or name == "IN_UNIT" else Can.VALUE
        return self._anonymous(name, args), can, max((a.height for a in args), default=0)

    def _arguments(self) -> list[Term]:
        """Read values to the closing parenthesis."""
        args: list[Term] = []
        if self.take_op(")"):
            return args
        while True:
            args.append(self.value())
            if self.take_op(")"):
                return args
            if not self.take_op(","):
                raise self.expected("`,` or `)`")

    def _check(self, name: str, token: Token, args: list[Term]) -> None:
        if token.kind != "word":
            return
        least, most = NUMERIC.get(name, (1, 1))
        if name == "COALESCE":
            least, most = 1, 1000
        elif name == "IN_UNIT":
            least = most = 2
        if not least <= len(args) <= most:
            raise self._arity(token, f"{least}" if least == most else f"{least} to {most}", len(args))
        numbers = args if name in NUMERIC else args[:1] if name == "IN_UNIT" else []
        if any(not a.can & Can.NUMBER for a in numbers):
            raise self.expected(f"numbers as arguments of {name}", token)
        if name in ("LOWER", "UPPER") and not args[0].can & Can.STRING:
            raise self.expected(f"a string as argument of {name}", token)
        if name == "IN_UNIT" and not _is_text(args[1].node):
            raise self.expected("a unit in quotes as second argument of IN_UNIT", token)

    def _arity(self, token: Token, wanted: str, found: int) -> Exception:
        return self.source.error(
            "adql.syntax", token.at, "{name} takes {wanted} arguments, not {found}",
            name=token.text.upper(), wanted=wanted, found=found,
        )  # fmt: skip

    def _aggregate(self, name: str) -> tuple[exp.Expr, Can, int]:
        can = Can.NUMBER if name in ("COUNT", "AVG", "SUM") else Can.NUMBER | Can.STRING
        if name == "COUNT" and self.take_op("*"):
            self.expect_op(")")
            return exp.Anonymous(this=name, expressions=[exp.Star()]), can, 1
        distinct = self.take_word("DISTINCT", "ALL") == "DISTINCT"
        wanted = Can.VALUE if name == "COUNT" else Can.NUMBER | Can.STRING
        if name in ("AVG", "SUM"):
            wanted = Can.NUMBER
        term = self.value(wanted, f"a value that {name} can take")
        self.expect_op(")")
        inner: exp.Expr = exp.Distinct(expressions=[term.node]) if distinct else term.node
        return exp.Anonymous(this=name, expressions=[inner]), can, term.height

    def _cast(self) -> tuple[exp.Expr, Can, int]:
        term = self.value()
        self.expect_word("AS")
        token = self.take()
        name = token.text.upper()
        if name in _SHAPES and token.kind == "word":
            self.expect_op(")")
            return exp.Anonymous(this=f"CAST {name}", expressions=[term.node]), Can.GEOMETRY, term.height
        target = self._type(name, token)
        self.expect_op(")")
        can = Can.STRING if target.is_type("varchar", "timestamp") else Can.NUMBER
        return exp.Cast(this=term.node, to=target), can, term.height

    def _type(self, name: str, token: Token) -> exp.DataType:
        if name == "DOUBLE" and token.kind == "word":
            self.expect_word("PRECISION")
            return exp.DataType.build("DOUBLE")
        if token.kind != "word" or name not in _TYPES:
            raise self.expected(
                f"a type of CAST ({', '.join([*_TYPES, 'DOUBLE PRECISION', *sorted(_SHAPES)])})", token
            )
        if name in ("CHAR", "VARCHAR") and self.take_op("("):
            length = self.unsigned("the length of the string")
            self.expect_op(")")
            return exp.DataType.build(f"VARCHAR({length})")
        return exp.DataType.build(_TYPES[name])

    def _geometry(self, name: str, token: Token) -> tuple[exp.Expr, Can, int]:
        args = self._arguments()
        height = max((a.height for a in args), default=0)
        nodes = [a.node for a in args]
        if name in ("POINT", "CIRCLE", "BOX", "POLYGON") and args and _is_system(nodes[0]):
            system, args = nodes[0], args[1:]
        else:
            system = None
        if not _fits(name, args):
            raise self.source.error(
                "adql.syntax", token.at, "these are no arguments of {name}; it is called as {usage}",
                name=name, usage=_USAGE[name],
            )  # fmt: skip
        node = self._anonymous(name, args)
        if system is not None:
            node.meta["system"] = system
        return node, GEOMETRY[name], height

    @staticmethod
    def _anonymous(name: str, args: list[Term]) -> exp.Anonymous:
        return exp.Anonymous(this=name, expressions=[a.node for a in args])


_USAGE = {
    "POINT": "POINT(ra, dec)",
    "CIRCLE": "CIRCLE(ra, dec, radius) or CIRCLE(point, radius)",
    "BOX": "BOX(ra, dec, width, height) or BOX(point, width, height)",
    "POLYGON": "POLYGON(ra1, dec1, ra2, dec2, ra3, dec3 …) or POLYGON(point1, point2, point3 …)",
    "REGION": "REGION('…')",
    "DISTANCE": "DISTANCE(point1, point2) or DISTANCE(ra1, dec1, ra2, dec2)",
    "CONTAINS": "CONTAINS(point, region)",
    "INTERSECTS": "INTERSECTS(region, region)",
    **{name: f"{name}(geometry)" for name in _ONE_GEOMETRY},
}


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _is_system(node: exp.Expr) -> bool:
    return _is_text(node) or isinstance(node, exp.Null)


def _all(args: list[Term], can: Can) -> bool:
    return all(a.can & can for a in args)


def _fits(name: str, args: list[Term]) -> bool:
    """Whether the arguments, without a coordinate system, have the number and kinds of `name`."""
    count = len(args)
    if name == "POINT":
        return count == 2 and _all(args, Can.NUMBER)
    if name in ("CIRCLE", "BOX"):
        numbers = 3 if name == "CIRCLE" else 4
        if count == numbers:
            return _all(args, Can.NUMBER)
        return count == numbers - 1 and _all(args[:1], Can.GEOMETRY) and _all(args[1:], Can.NUMBER)
    if name == "POLYGON":
        if count >= 6 and count % 2 == 0 and _all(args, Can.NUMBER):
            return True
        return count >= 3 and _all(args, Can.GEOMETRY)
    if name == "REGION":
        return count == 1 and _all(args, Can.STRING)
    if name == "DISTANCE":
        return (count == 2 and _all(args, Can.GEOMETRY)) or (count == 4 and _all(args, Can.NUMBER))
    if name in _ONE_GEOMETRY:
        return count == 1 and _all(args, Can.GEOMETRY)
    return count == 2 and _all(args, Can.GEOMETRY)
