"""Files that are served in place and are not those that were ingested any more."""

from __future__ import annotations

from pathlib import Path

from tianku.planner.stored import StoredFile
from tianku.usecases.check.finding import Finding, Report
from tianku.usecases.pictures import snapshot_store


def check_in_place(report: Report, data_root: Path) -> list[Finding]:
    """Compare size and modification time of linked files with those in the newest snapshot."""
    store, dataset = snapshot_store(data_root), report.dataset.config.dataset
    revisions = store.revisions(dataset)
    if not revisions:
        return []
    folder = store.path(dataset, revisions[-1])
    for name, table in store.load(dataset, revisions[-1]).tables.items():
        foreign = [f for f in table.files if f.mtime_ns is not None and table.shared is None]
        seen = (StoredFile(f"{folder}/{f.path}", 0, None, (f.bytes, f.mtime_ns or 0)) for f in foreign)
        changed = [Path(one.path) for one in seen if one.changed]
        if changed and name in report.dataset.config.tables:
            report.error(
                ("tables", name, "from"),
                f"{len(changed)} files were changed after revision {revisions[-1]} was made from them"
                f" (such as {changed[0].readlink()}); queries that need them are refused",
                f"run `tianku ingest {dataset} --publish`",
            )
    return report.findings
