"""What one principal sees of a picture: the schema that queries are resolved against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from sqlglot import exp

from tianku.catalogue.tap_schema import OWNER_COLUMN
from tianku.model.access import ANONYMOUS, Level, Principal, Rule
from tianku.model.config.collection import NEWEST
from tianku.model.config.dataset import LATEST
from tianku.model.errors import NotFoundError
from tianku.model.metadata import PUBLIC_FROM_COLUMN, TableMeta, schema_name
from tianku.products import epntap
from tianku.usecases.picture import Picture, PublishedDataset, PublishedSet, PublishedTable, led_to
from tianku.usecases.policy import closed, decide, partly, require

#: the one system table whose rows are products
OBSCORE_UTYPE = "ivo://ivoa.net/std/obscore#table-1.1"


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
        if system is not None and self._lists(system):
            self._note_system()
            return system
        dataset = self._dataset(folded)
        found = dataset.tables.get(table.lower()) if dataset else None
        if found is None or not decide(self.principal, found.rule, Level.EXISTENCE, self.now):
            return None
        if not partly(self.principal, found.rule, Level.METADATA, self.now):
            raise closed(self.principal, found.rule, found.meta.qualified_name)
        whole = decide(self.principal, found.rule, Level.METADATA, self.now)
        # what only some rows of are seen, everybody sees just these rows of
        self.public = self.public and (not whole or decide(ANONYMOUS, found.rule, Level.METADATA, self.now))
        return self.meta(found)

    def _lists(self, system: TableMeta) -> bool:
        """Whether there is a system table for the principal: those in the schema of a data set are as it is."""
        owner = self.picture.by_schema.get(system.schema_name)
        return owner is None or partly(self.principal, owner.rule, Level.METADATA, self.now)

    def derived(self) -> Iterator[TableMeta]:
        """Yield the tables in schemas of data sets that are worked out of their products."""
        for one in self.picture.system.values():
            if one.schema_name in self.picture.by_schema and self._lists(one):
                yield one

    def meta(self, table: PublishedTable) -> TableMeta:
        """Return what may be said of a table: the number of its rows only to who may see all of them."""
        return table.meta if decide(self.principal, table.rule, Level.METADATA, self.now) else table.partial

    def serves(self, table: TableMeta, protocol: str) -> bool:
        """Return whether the configuration of a published table wants `protocol`."""
        owner = self.picture.by_schema.get(table.schema_name)
        found = owner.tables.get(table.name) if owner else None
        return found is not None and protocol in found.protocols

    def names(self) -> Iterable[str]:
        """Qualified names of everything the principal may query, for suggestions."""
        yield from (one.qualified_name for one in self.picture.system.values() if self._lists(one))
        for table in self.queryable():
            yield table.meta.qualified_name

    def row_filter(self, table: TableMeta) -> exp.Expression | None:
        """Return the predicate that keeps rows to what the principal may see, if there is anything to hide."""
        if table.kind == "system":
            return self._system_filter(table)
        one = self.picture.by_schema[table.schema_name].tables[table.name]
        if decide(self.principal, one.rule, Level.METADATA, self.now):
            return None
        return self._opened()

    def _system_filter(self, table: TableMeta) -> exp.Expression | None:
        conditions: list[exp.Expr] = []
        if hidden := self.hidden_owners():
            conditions.append(exp.not_(_owned_by(hidden)))
        for one in self.rowwise_sets() if table.utype in (OBSCORE_UTYPE, epntap.UTYPE) else ():
            conditions.append(exp.or_(exp.not_(_owned_by([one.number])), self._opened()))
        return cast(exp.Expression, exp.and_(*conditions)) if conditions else None

    def _opened(self) -> exp.Expression:
        """The condition on rows whose own instant has passed."""
        column = exp.column(PUBLIC_FROM_COLUMN, quoted=True)
        return exp.LTE(this=column, expression=exp.Literal.number(int(self.now)))

    def computed(self, table: TableMeta) -> dict[str, exp.Expression]:
        """Return ``data_rights`` of products as the policy is now, where it is not what was stored."""
        if table.utype != OBSCORE_UTYPE:
            return {}
        public, proprietary, by_row = self._changed_rights()
        case = exp.Case()
        if by_row:
            opened = exp.and_(_owned_by(by_row), self._opened())
            case = case.when(opened, exp.Literal.string("public"))
        if public:
            case = case.when(_owned_by(public), exp.Literal.string("public"))
        if proprietary:
            case = case.when(_owned_by(proprietary), exp.Literal.string("proprietary"))
        stored = exp.column("data_rights", quoted=True)
        return {"data_rights": case.else_(stored)} if case.args.get("ifs") else {}

    def _changed_rights(self) -> tuple[list[int], list[int], list[int]]:
        """Numbers of sets that everybody may have, that are closed, that open one by one: unlike stored."""
        public, proprietary, by_row = [], [], []
        for dataset in self.picture.visible(self.principal, self.now):
            for one in dataset.sets.values():
                if "data_rights" in one.config.obscore:
                    continue
                if decide(ANONYMOUS, one.rule, Level.DATA, self.now):
                    if not one.stored_public:
                        public.append(one.number)
                elif one.stored_public:
                    proprietary.append(one.number)
                elif partly(ANONYMOUS, one.rule, Level.DATA, self.now):
                    by_row.append(one.number)
        return public, proprietary, by_row

    def rowwise_sets(self) -> list[PublishedSet]:
        """Return the product sets of which the principal sees only the rows that are open by now."""
        found = (one for d in self.picture.visible(self.principal, self.now) for one in d.sets.values())
        return [one for one in found if self._only_partly(one.rule)]

    def _only_partly(self, rule: Rule) -> bool:
        whole = decide(self.principal, rule, Level.METADATA, self.now)
        return not whole and partly(self.principal, rule, Level.METADATA, self.now)

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

    def published_set(
        self, dataset: str, name: str, level: Level = Level.METADATA, *, by_row: bool = False
    ) -> PublishedSet:
        """Return a product set, or raise as `published_table` does.

        `by_row` also admits a set of which only some products are open: the caller looks at each (`row_open`).
        """
        found = self.published_dataset(dataset).sets.get(name)
        if found is None or not decide(self.principal, found.rule, Level.EXISTENCE, self.now):
            raise NotFoundError(
                "set.unknown", "there is no product set {name} in {dataset}", name=name, dataset=dataset
            )
        if not (by_row and partly(self.principal, found.rule, level, self.now)):
            require(self.principal, found.rule, level, self.now, f"{dataset}/{name}")
        return found

    # what listings ask

    def tables(self, level: Level = Level.METADATA) -> Iterator[PublishedTable]:
        """Yield the tables the principal holds `level` of, whole."""
        for dataset in self.picture.visible(self.principal, self.now):
            for table in dataset.tables.values():
                if decide(self.principal, table.rule, level, self.now):
                    yield table

    def queryable(self) -> Iterator[PublishedTable]:
        """Yield the tables that queries may name: those of which the principal sees some rows at least."""
        for dataset in self.picture.visible(self.principal, self.now):
            for table in dataset.tables.values():
                if partly(self.principal, table.rule, Level.METADATA, self.now):
                    yield table

    def sets(self, level: Level = Level.METADATA) -> Iterator[PublishedSet]:
        """Yield the product sets the principal holds `level` of, whole."""
        for dataset in self.picture.visible(self.principal, self.now):
            for one in dataset.sets.values():
                if decide(self.principal, one.rule, level, self.now):
                    yield one

    def aliases(self) -> dict[str, PublishedDataset]:
        """Return alias schema -> the newest dataset the principal may read under it; none that is elsewhere."""
        found: dict[str, PublishedDataset] = {}
        for dataset in led_to(self._readable()):
            segments = dataset.id.split("/") if dataset.config.kind == "data" else []
            for length in range(1, len(segments)):
                alias = schema_name("/".join(segments[:length]))
                found[alias] = dataset
            for name, target in dataset.collection.aliases.items():
                if target in (NEWEST, dataset.id):  # the newest comes last
                    found[schema_name(f"{segments[0]}/{name}")] = dataset
        own = {d.schema_name for d in self.picture.visible(self.principal, self.now)}
        return {alias: dataset for alias, dataset in found.items() if alias not in own}

    def newest(self, prefix: str) -> PublishedDataset:
        """Return the newest dataset below a collection or release that the principal may read.

        Raises
        ------
        NotFoundError
            ``dataset.unknown``
        """
        found = [d for d in led_to(self._readable()) if d.id == prefix or d.id.startswith(f"{prefix}/")]
        if not found:
            raise NotFoundError("dataset.unknown", "there is no dataset {dataset}", dataset=f"{prefix}/{LATEST}")
        return found[-1]

    def hidden_owners(self) -> list[int]:
        """Numbers of the tables and sets whose rows the principal may not see, sorted."""
        seen = {dataset.number for dataset in self._readable()}
        seen |= {table.number for table in self.queryable()}
        seen |= {one.number for one in (*self.sets(), *self.rowwise_sets())}
        return sorted(self.picture.rules().keys() - seen)

    def _readable(self) -> list[PublishedDataset]:
        seen = self.picture.visible(self.principal, self.now)
        return [d for d in seen if partly(self.principal, d.rule, Level.METADATA, self.now)]

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
        same = anonymous.hidden_owners() == self.hidden_owners()
        same = same and [s.number for s in anonymous.rowwise_sets()] == [s.number for s in self.rowwise_sets()]
        self.public = self.public and same


def _owned_by(numbers: Iterable[int]) -> exp.Expression:
    return exp.column(OWNER_COLUMN, quoted=True).isin(*(exp.Literal.number(n) for n in numbers))
