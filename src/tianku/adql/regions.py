"""Resolution of geometry functions (ADQL 2.1 section 4) into exact arithmetic and region constraints."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from sqlglot import exp

from tianku.adql import calls, sphere, trig
from tianku.adql.conditions import Conditions
from tianku.adql.floats import literal
from tianku.adql.near import Near, reach_within, spot_of
from tianku.adql.schema import Region, SkyPolygon, TableRef
from tianku.adql.shapes import Box, Circle, ConstantPolygon, Point, Shape
from tianku.adql.terms import wrap
from tianku.adql.values import Value, cast, constant, described, plain
from tianku.model.types import DataType

_SYSTEMS = frozenset({"", "ICRS", "UNKNOWNFRAME", "ICRS GEOCENTER", "ICRS BARYCENTER", "ICRS TOPOCENTER"})
_MOST_VERTICES = 500


class Regions(Conditions):
    """Turns geometry functions into values and conditions."""

    GEOMETRY: ClassVar[frozenset[str]] = frozenset([*calls.GEOMETRY, "CAST POINT", "CAST CIRCLE", "CAST POLYGON"])

    def geometry(self, node: exp.Anonymous) -> Value:
        """Resolve a geometry function as a value."""
        name = str(node.this)
        if name in ("CONTAINS", "INTERSECTS"):
            return self._test(node, name)
        if name == "DISTANCE":
            return self._distance(node)
        if name == "AREA":
            return Value(self._area(node), plain(DataType.FLOAT64, "area", "deg**2", "phys.angArea"))
        if name in ("COORD1", "COORD2"):
            point = self._point(node.expressions[0])
            found = point.ra if name == "COORD1" else point.dec
            ucd = "pos.eq.ra" if name == "COORD1" else "pos.eq.dec"
            return Value(found.copy(), plain(DataType.FLOAT64, name.lower(), "deg", ucd))
        if name == "COORDSYS":
            self.shape(node.expressions[0])
            return Value(exp.Literal.string("ICRS"), plain(DataType.STRING, "coordsys"))
        return self._written(self.shape(node), name.lower())

    def confirm(self, flag: Value) -> None:
        """Record the regions of a test that certainly holds."""
        facts: list[tuple[TableRef, Region]] = flag.node.meta.get("facts") or []
        if self.block.certain:
            for ref, region in facts:
                ref.regions.append(region)

    # Shapes ----------------------------------------------------------------------------------

    def shape(self, node: exp.Expr) -> Shape:
        """Resolve a geometry-valued expression."""
        if isinstance(node, exp.Paren):
            return self.shape(node.this)
        if isinstance(node, exp.Anonymous):
            self.spend(1)
            return self._shape_call(node)
        if isinstance(node, exp.Column):
            return self._stored(node)
        raise self.error("adql.type_mismatch", node, "a geometry is needed here, such as POINT(ra, dec)")

    def _shape_call(self, node: exp.Anonymous) -> Shape:
        name, args = str(node.this), node.expressions
        self._check_system(node)
        if name == "POINT":
            return self._position(args)
        if name == "CIRCLE":
            centre, rest = self._centre(args, 3)
            return Circle(centre, self._size(rest[0]))
        if name == "BOX":
            centre, rest = self._centre(args, 4)
            return Box(centre, self._size(rest[0]), self._size(rest[1]))
        if name == "POLYGON":
            return self._polygon(node)
        if name == "CENTROID":
            return self._centroid(node)
        if name == "REGION" or name.startswith("CAST "):
            raise self.unsupported(
                node,
                "{name} of a string is not supported; use POINT, CIRCLE, BOX or POLYGON",
                name=name.split()[0],
            )
        raise self.error("adql.type_mismatch", node, "{name} is no geometry", name=name.lower())

    def _check_system(self, node: exp.Anonymous) -> None:
        system = node.meta.get("system")
        if isinstance(system, exp.Literal) and system.name.strip().upper() not in _SYSTEMS:
            raise self.error(
                "adql.not_supported", system, "coordinates are ICRS here, not `{system}`; leave the argument out",
                system=system.name[:40],
            )  # fmt: skip

    def _size(self, node: exp.Expr) -> exp.Expr:
        return self.copies(self.number(node).node, 2)

    def _centre(self, args: list[exp.Expr], numbers: int) -> tuple[Point, list[exp.Expr]]:
        if len(args) == numbers:
            return self._position(args[:2]), args[2:]
        return self._point(args[0]), args[1:]

    def _position(self, args: list[exp.Expr]) -> Point:
        ra, dec = self.number(args[0]), self.number(args[1])
        point = Point(self.copies(ra.node, 3), self.copies(dec.node, 6))
        at = constant(dec.node)
        if at is not None and not -90 <= at <= 90:
            raise self.error("adql.coordinate", args[1], "declination {dec} is not within -90 and 90", dec=at)
        point.ref = self._main_position(_bare(ra.node), _bare(dec.node))
        point.spot = spot_of(_bare(ra.node), _bare(dec.node))
        return point

    def _main_position(self, ra: exp.Expr, dec: exp.Expr) -> TableRef | None:
        if not (isinstance(ra, exp.Column) and isinstance(dec, exp.Column) and ra.table == dec.table):
            return None
        ref = self.references.get(ra.table)
        main = ref.table.main_position if ref is not None else None
        same = main is not None and (main.ra, main.dec) == (ra.name, dec.name)
        return ref if same else None

    def _stored(self, node: exp.Column) -> Shape:
        value = self.value(node)
        column = value.column
        if column.xtype in ("point", "circle") and column.arraysize in ("2", "3"):
            parts: list[exp.Expr] = [
                exp.Bracket(this=value.node.copy(), expressions=[exp.Literal.number(i)])
                for i in range(int(column.arraysize))
            ]
            point = Point(parts[0], parts[1])
            return point if len(parts) == 2 else Circle(point, parts[2])
        if column.xtype:
            raise self.unsupported(
                node, "the regions of column `{name}` cannot be tested yet; use the position columns",
                name=node.name,
            )  # fmt: skip
        raise self.error("adql.type_mismatch", node, "column `{name}` holds no geometry", name=node.name)

    def _point(self, node: exp.Expr) -> Point:
        shape = self.shape(node)
        if not isinstance(shape, Point):
            raise self.error("adql.type_mismatch", node, "a point is needed here, such as POINT(ra, dec)")
        return shape

    def _polygon(self, node: exp.Anonymous) -> ConstantPolygon:
        args = node.expressions
        points = not (len(args) >= 6 and len(args) % 2 == 0 and not _is_point(args[0]))
        if points:
            vertices = [self._point(a).constant for a in args]
        else:
            vertices = [self._position(args[i : i + 2]).constant for i in range(0, len(args), 2)]
        known = [v for v in vertices if v is not None]
        if len(known) < len(vertices):
            raise self.unsupported(node, "the vertices of POLYGON must be numbers")
        if len(known) > _MOST_VERTICES:
            raise self.unsupported(node, "POLYGON takes at most {limit} vertices", limit=_MOST_VERTICES)
        ra, dec = (tuple(float(v[i]) for v in known) for i in (0, 1))
        try:
            shape = sphere.Polygon(np.array(ra), np.array(dec))
        except ValueError as problem:
            raise self.error("adql.coordinate", node, "{problem}", problem=str(problem)) from None
        self.spend(60 * len(ra))
        return ConstantPolygon(SkyPolygon(ra, dec), shape)

    def _centroid(self, node: exp.Anonymous) -> Point:
        shape = self.shape(node.expressions[0])
        if isinstance(shape, Point):
            return shape
        if isinstance(shape, Circle | Box):
            return shape.centre
        x, y, z = shape.shape.centroid()
        ra = math.degrees(math.atan2(y, x)) % 360
        return Point(literal(ra), literal(math.degrees(math.asin(max(-1.0, min(1.0, z))))))

    # Values ----------------------------------------------------------------------------------

    def _written(self, shape: Shape, name: str) -> Value:
        """Return a geometry as a result column (DALI 1.1 section 3.3)."""
        if isinstance(shape, Box):
            corners = shape.corners()
            if corners is None:
                raise self.unsupported(exp.Null(), "a BOX of columns cannot be a result")
            shape = ConstantPolygon(corners, sphere.Polygon(np.array(corners.ra), np.array(corners.dec)))
        if isinstance(shape, ConstantPolygon):
            pairs = zip(shape.vertices.ra, shape.vertices.dec, strict=True)
            numbers: list[exp.Expr] = [literal(v) for pair in pairs for v in pair]
            kind = "polygon"
        else:
            numbers = [cast(n.copy(), DataType.FLOAT64) for n in shape.numbers()]
            kind = "point" if isinstance(shape, Point) else "circle"
        column = plain(DataType.FLOAT64, name, "deg", "pos.eq" if kind == "point" else "pos.outline")
        return Value(exp.Array(expressions=numbers), described(column, arraysize=str(len(numbers)), xtype=kind))

    def _distance(self, node: exp.Anonymous) -> Value:
        args = node.expressions
        if len(args) == 4:
            a, b = self._position(args[:2]), self._position(args[2:])
        else:
            a, b = self._point(args[0]), self._point(args[1])
        found = trig.distance(a.ra, a.dec, b.ra, b.dec)
        self.spend(60)
        if a.spot is not None and b.spot is not None:
            found.meta["spots"] = (a.spot, b.spot)
        for one, two in ((a, b), (b, a)):
            at = two.constant
            if one.ref is not None and at is not None:
                found.meta["fixed"] = (one.ref, at)
        return Value(found, plain(DataType.FLOAT64, "distance", "deg", "pos.angDistance"))

    def _area(self, node: exp.Anonymous) -> exp.Expr:
        shape = self.shape(node.expressions[0])
        if isinstance(shape, Point):
            return literal(0.0)
        if isinstance(shape, ConstantPolygon):
            return literal(shape.shape.area)
        if isinstance(shape, Circle):
            half = exp.Sin(this=trig.product(trig.radians(shape.radius), literal(0.5)))
            return trig.product(literal(4 * math.pi * math.degrees(1) ** 2), trig.square(half))
        corners = shape.corners()
        if corners is None:
            raise self.unsupported(node, "AREA of a BOX needs numbers below 180 degrees")
        return literal(sphere.Polygon(np.array(corners.ra), np.array(corners.dec)).area)

    # Tests -----------------------------------------------------------------------------------

    def _test(self, node: exp.Anonymous, name: str) -> Value:
        """CONTAINS and INTERSECTS as 1 or 0."""
        a, b = self.shape(node.expressions[0]), self.shape(node.expressions[1])
        if name == "INTERSECTS" and isinstance(b, Point):
            a, b = b, a
        if isinstance(a, Point):
            condition = self._holds(b, a, node)
        elif isinstance(b, Point):
            raise self.unsupported(
                node, "CONTAINS(region, point) is never true: write the point first, CONTAINS(point, region)"
            )
        else:
            condition = self._regions(a, b, name, node)
        self.spend(60)
        flag = Value(cast(wrap(condition), DataType.INT32), plain(DataType.INT32, name.lower(), ""))
        flag.node.meta["facts"] = _facts(a, b)
        flag.node.meta["pair"] = _near(a, b, name)
        return flag

    def _holds(self, shape: Shape, point: Point, node: exp.Expr) -> exp.Expr:
        if isinstance(shape, Circle):
            centre = shape.centre
            return trig.within(point.ra, point.dec, centre.ra, centre.dec, shape.radius)
        if isinstance(shape, Box):
            centre = shape.centre
            return trig.in_box(point.ra, point.dec, centre.ra, centre.dec, shape.width, shape.height)
        if isinstance(shape, ConstantPolygon):
            return trig.in_polygon(point.ra, point.dec, shape.shape)
        raise self.unsupported(node, "a point contains nothing; use DISTANCE(point, point) with a limit")

    def _regions(self, a: Shape, b: Shape, name: str, node: exp.Expr) -> exp.Expr:
        if isinstance(a, Circle) and isinstance(b, Circle):
            ra1, dec1, ra2, dec2 = a.centre.ra, a.centre.dec, b.centre.ra, b.centre.dec
            if name == "INTERSECTS":
                return trig.within(ra1, dec1, ra2, dec2, trig.total(a.radius.copy(), b.radius.copy()))
            return trig.within(ra1, dec1, ra2, dec2, trig.difference(b.radius.copy(), a.radius.copy()))
        raise self.unsupported(node, "{name} of two regions is supported for circles only", name=name)


def _facts(a: Shape, b: Shape) -> list[tuple[TableRef, Region]]:
    """Return what a test that holds says of main positions."""
    if not isinstance(a, Point) or isinstance(b, Point):
        return []
    region = b.region()
    if a.ref is not None and region is not None:
        return [(a.ref, region)]
    if isinstance(b, Circle) and b.centre.ref is not None:
        turned = Circle(a, b.radius).region()  # a circle around the row holds a constant point
        return [(b.centre.ref, turned)] if turned is not None else []
    return []


def _near(a: Shape, b: Shape, name: str) -> Near | None:
    """Return what a test that holds says of the distance of two positions of rows."""
    if isinstance(a, Point) and isinstance(b, Circle):
        return reach_within(a.spot, b.centre.spot, b.radius)
    if isinstance(a, Circle) and isinstance(b, Circle):
        combine = trig.total if name == "INTERSECTS" else trig.difference
        return reach_within(a.centre.spot, b.centre.spot, combine(b.radius.copy(), a.radius.copy()))
    return None


def _bare(node: exp.Expr) -> exp.Expr:
    """Return the column under the cast that widens it."""
    return node.this if isinstance(node, exp.Cast) else node


def _is_point(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this) in ("POINT", "CENTROID")
