"""What one principal sees of a picture: the schema that queries are resolved against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from tianku.catalogue.tap_schema import OWNER_COLUMN
from tianku.model.access import ANONYMOUS, Level, Principal
from tianku.model.errors import NotFoundError
from tianku.model.metadata import TableMeta, schema_name
from tianku.usecases.picture import Picture, PublishedDataset, PublishedSet, PublishedTable
from tianku.usecases.policy import decide, require


class Viewer:
    """A principal's view of a picture at one instant; also notes what a query used.

    Attributes
    ----------
    versions
        Alias schema -> dataset it stood for, for jobs and results to record.
    public
        False once something was used that not everybody may see.
    """

    def __init__(self, picture: Picture, principal: Principal, now: float) -> None:
        self.picture = picture
        self.principal = principal
        self.now = now
        self.versions: dict[str, str] = {}
        self.public = True

    # what the ADQL resolver asks

    def find(self, schema: str | None, table: str) -> TableMeta | None:
        """Return the table a query may read under this name, if there is one.

        Raises
        ------
        AuthError
            ``policy.closed`` when the table is listed but its rows are closed to the principal.
        """
        if schema is None:
            return None
        folded = schema.lower()
        system = self.picture.system.get(f"{folded}.{table.lower()}")
        if system is not None:
            self._note_system()
            return system
        dataset = self._dataset(folded)
        found = dataset.tables.get(table.lower()) if dataset else None
        if found is None or not decide(self.principal, found.rule, Level.EXISTENCE, self.now):
            return None
        require(self.principal, found.rule, Level.METADATA, self.now, found.meta.qualified_name)
        self.public = self.public and decide(ANONYMOUS, found.rule, Level.METADATA, self.now)
        return found.meta

    def names(self) -> Iterable[str]:
        """Qualified names of everything the principal may query, for suggestions."""
        yield from self.picture.system_names()
        for table in self.tables():
            yield table.meta.qualified_name

    def row_filter(self, table: TableMeta) -> exp.Expression | None:
        """Return the predicate that keeps a site table's rows to what the principal may see."""
        if table.kind != "system":
            return None
        hidden = self.hidden_owners()
        if not hidden:
            return None
        column = exp.column(OWNER_COLUMN, quoted=True)
        return exp.not_(column.isin(*(exp.Literal.number(n) for n in hidden)))

    def dataset_table(self, dataset: str, table: str) -> TableMeta:
        """Return a table by dataset id and name; `NotFoundError` ``table.unknown`` when there is none."""
        owner = self.picture.datasets.get(dataset)
        meta = self.find(owner.schema_name, table) if owner else None
        if meta is None:
            raise NotFoundError(
                "table.unknown", "there is no table {table} in {dataset}", table=table, dataset=dataset
            )
        return meta

    def published_table(self, dataset: str, table: str, level: Level = Level.METADATA) -> PublishedTable:
        """Return a table with its manifest, or raise as `dataset_table` and `require` do."""
        owner = self.published_dataset(dataset)
        found = owner.tables.get(table)
        if found is None or not decide(self.principal, found.rule, Level.EXISTENCE, self.now):
            raise NotFoundError(
                "table.unknown", "there is no table {table} in {dataset}", table=table, dataset=dataset
            )
        require(self.principal, found.rule, level, self.now, found.meta.qualified_name)
        return found

    def published_dataset(self, dataset: str) -> PublishedDataset:
        """Return a dataset the principal may know of, or raise `NotFoundError` ``dataset.unknown``."""
        found = self.picture.datasets.get(dataset)
        if found is None or not decide(self.principal, found.rule, Level.EXISTENCE, self.now):
            raise NotFoundError("dataset.unknown", "there is no dataset {dataset}", dataset=dataset)
        return found

    def published_set(self, dataset: str, name: str, level: Level = Level.METADATA) -> PublishedSet:
        """Return a product set, or raise as `published_table` does."""
        found = self.published_dataset(dataset).sets.get(name)
        if found is None or not decide(self.principal, found.rule, Level.EXISTENCE, self.now):
            raise NotFoundError(
                "set.unknown", "there is no product set {name} in {dataset}", name=name, dataset=dataset
            )
        require(self.principal, found.rule, level, self.now, f"{dataset}/{name}")
        return found

    # what listings ask

    def tables(self, level: Level = Level.METADATA) -> Iterator[PublishedTable]:
        """Yield the tables the principal holds `level` of."""
        for dataset in self.picture.visible(self.principal, self.now):
            for table in dataset.tables.values():
                if decide(self.principal, table.rule, level, self.now):
                    yield table

    def sets(self, level: Level = Level.METADATA) -> Iterator[PublishedSet]:
        """Yield the product sets the principal holds `level` of."""
        for dataset in self.picture.visible(self.principal, self.now):
            for one in dataset.sets.values():
                if decide(self.principal, one.rule, level, self.now):
                    yield one

    def aliases(self) -> dict[str, PublishedDataset]:
        """Return alias schema -> the newest dataset the principal may read under it."""
        found: dict[str, PublishedDataset] = {}
        for dataset in self.picture.visible(self.principal, self.now, Level.METADATA):
            segments = dataset.id.split("/")
            for length in range(1, len(segments)):
                alias = schema_name("/".join(segments[:length]))
                found[alias] = dataset
        own = {d.schema_name for d in self.picture.visible(self.principal, self.now)}
        return {alias: dataset for alias, dataset in found.items() if alias not in own}

    def hidden_owners(self) -> list[int]:
        """Numbers of the tables and sets whose rows the principal may not see, sorted."""
        seen = {dataset.number for dataset in self.picture.visible(self.principal, self.now, Level.METADATA)}
        seen |= {table.number for table in self.tables()} | {one.number for one in self.sets()}
        return sorted(self.picture.rules().keys() - seen)

    def _dataset(self, schema: str) -> PublishedDataset | None:
        dataset = self.picture.by_schema.get(schema)
        if dataset is not None and decide(self.principal, dataset.rule, Level.EXISTENCE, self.now):
            return dataset
        dataset = self.aliases().get(schema)
        if dataset is not None:
            self.versions[schema] = dataset.id
        return dataset

    def _note_system(self) -> None:
        anonymous = Viewer(self.picture, ANONYMOUS, self.now)
        self.public = self.public and anonymous.hidden_owners() == self.hidden_owners()
