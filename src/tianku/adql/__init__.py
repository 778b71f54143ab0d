"""ADQL 2.1: a strict front end, and resolution into canonical sqlglot trees."""

from tianku.adql.parser import Statement, parse
from tianku.adql.resolver import resolve
from tianku.adql.schema import Cone, Region, Resolved, SchemaView, SkyPolygon, TableRef

__all__ = ["Cone", "Region", "Resolved", "SchemaView", "SkyPolygon", "Statement", "TableRef", "parse", "resolve"]
