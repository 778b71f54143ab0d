"""The dataset as a whole: what landing page and registry need, groups and relations."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from tianku.model.config.access import AccessRule
from tianku.model.config.entry import WAVEBANDS
from tianku.model.config.yamlfile import KeyPath
from tianku.usecases.check.finding import Report


def check_dataset(report: Report) -> None:
    """Check what belongs to no single table or product set."""
    config, collection = report.dataset.config, report.dataset.collection
    wanted = {
        "title": (config.title, "the data set has no title"),
        "description": (config.description or collection.description, "no description says what the data are"),
        "creators": (config.creators or collection.creators, "nobody is named as creator"),
        "licence": (config.licence or collection.licence, "no licence says what others may do with the data"),
        "released": (config.released.public, "no public release date: it is public as soon as it is published"),
        "keywords": (config.keywords or collection.keywords, "no keywords (the registry's subjects)"),
    }
    for key, (value, message) in wanted.items():
        if not value:
            report.warning(("dataset",), message, f"add `{key}:`", "registry")
    if config.kind == "metadata-only" and not config.links:
        report.error(("dataset",), "a metadata-only data set needs the outside page it stands for", "add `links:`")
    if config.kind == "data" and not config.tables and not config.products:
        report.error(("dataset",), "there is neither a table nor a product set", "add `tables:` or `products:`")
    _check_wavebands(report)
    _check_relations(report)
    _check_groups(report, config.access, ("access",))
    for name, table in config.tables.items():
        _check_groups(report, table.access, ("tables", name, "access"))
    for name, product in config.products.items():
        _check_groups(report, product.access, ("products", name, "access"))


def check_parent(report: Report, known: Collection[str]) -> None:
    """Check that the data set it is part of is one of `known` (data sets and collections)."""
    named = report.dataset.config.parent
    if named is not None and named not in known:
        near = difflib.get_close_matches(named, known, 1)
        fix = f"did you mean `{near[0]}`?" if near else f"data sets: {', '.join(sorted(known))}"
        report.error(("parent",), f"there is no data set {named}", fix)


def _check_wavebands(report: Report) -> None:
    """The registry knows these words only (VODataService 1.2 §3.3)."""
    for band in report.dataset.config.waveband or report.dataset.collection.waveband:
        if band not in WAVEBANDS:
            near = difflib.get_close_matches(band.capitalize(), WAVEBANDS, 1)
            fix = f"did you mean `{near[0]}`?" if near else f"one of {', '.join(WAVEBANDS)}"
            report.warning(("waveband",), f"{band} is no waveband", fix, "registry")


def _check_relations(report: Report) -> None:
    tables = report.dataset.config.tables
    for number, relation in enumerate(report.dataset.config.relations):
        for table in (relation.source_table, relation.target_table):
            if table not in tables and "." not in table:
                near = difflib.get_close_matches(table, tables, 1)
                fix = f"did you mean `{near[0]}`?" if near else f"tables: {', '.join(tables)}"
                report.error(("relations", number), f"there is no table {table}", fix, "tap")


def _check_groups(report: Report, rule: AccessRule | None, where: KeyPath) -> None:
    if rule is None:
        return
    known = report.dataset.collection.groups
    for level in ("existence", "metadata", "data"):
        for who in getattr(rule, level) or ():
            kind, _, group = who.partition(":")
            if kind == "group" and group not in known:
                near = difflib.get_close_matches(group, known, 1)
                fix = f"did you mean `{near[0]}`?" if near else "name it under `groups:` of collection.yaml"
                report.error((*where, level), f"the collection has no group {group}", fix)
