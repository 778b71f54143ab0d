"""Read VOTable 1.0 to 1.5 as Arrow batches, from any stream, in flat memory.

The metadata go through expat (no entities, nothing fetched); rows are cut from the bytes by numpy and Arrow.
"""

from tianku.formats.votable_read.errors import Refuse
from tianku.formats.votable_read.meta import FieldMeta, TableMeta
from tianku.formats.votable_read.reader import Rows, VOTable, list_tables, open_votable

__all__ = ["FieldMeta", "Refuse", "Rows", "TableMeta", "VOTable", "list_tables", "open_votable"]
