"""Instrument records: sync words, arrays sized by other fields, packed numbers, coded times, checksums."""

from tianku.formats.records.header import read_header
from tianku.formats.records.plan import RecordPlan
from tianku.formats.records.scan import Gap, Run, Scan, scan
from tianku.formats.records.values import field_values, instants

__all__ = ["Gap", "RecordPlan", "Run", "Scan", "field_values", "instants", "read_header", "scan"]
