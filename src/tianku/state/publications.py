"""Publications, policy overrides, and the generation that tells servers about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.db import transaction
from django.db.models import F, ProtectedError
from django.utils import timezone

from tianku.model.access import Level, Rule
from tianku.model.errors import NotFoundError, TransientError, UsageError
from tianku.state.lazy import LazyModule
from tianku.state.records import PublicationRecord, PublicationState

models = LazyModule("tianku.state.models")


def generation() -> int:
    """Return the number that every publish, withdraw and policy change raises (one query)."""
    return int(models.Generation.objects.values_list("value", flat=True).get(pk=1))


def _raise_generation() -> None:
    # Done first in a transaction: the row lock puts writers in one order on PostgreSQL too.
    models.Generation.objects.filter(pk=1).update(value=F("value") + 1)


def publications(states: Iterable[PublicationState] | None = None) -> list[PublicationRecord]:
    """Return all revisions (of the given states), by dataset and revision."""
    rows = models.Publication.objects.all()
    if states is not None:
        rows = rows.filter(state__in=list(states))
    return [_record(row) for row in rows]


def snapshot() -> tuple[int, list[PublicationRecord], dict[str, Rule]]:
    """Return generation, publications and policy overrides that belong together.

    Raises
    ------
    TransientError
        ``state.busy``: writers did not let one reading finish in ten tries.
    """
    # Read again when the number moved meanwhile: on SQLite a transaction would keep writers out.
    for _ in range(10):
        before = generation()
        found = publications(), policy_overrides()
        if generation() == before:
            return before, *found
    raise TransientError("state.busy", "publications change too fast to be read", retry_after=1)


def publication(dataset: str, revision: int) -> PublicationRecord:
    """Return one revision.

    Raises
    ------
    NotFoundError
        ``publication.unknown``
    """
    return _record(_get(dataset, revision))


def record_built(dataset: str, revision: int, manifest: str) -> PublicationRecord:
    """Note a finished snapshot that nobody sees yet; repeating it changes nothing.

    Raises
    ------
    UsageError
        ``publication.exists``: this revision was recorded with another manifest.
    """
    with transaction.atomic():
        row, created = models.Publication.objects.get_or_create(
            dataset=dataset, revision=revision, defaults={"manifest": manifest}
        )
        if not created and row.manifest != manifest:
            raise UsageError(
                "publication.exists",
                "revision {revision} of {dataset} exists already with the manifest {manifest};"
                " a snapshot never changes: ingest makes a new revision",
                dataset=dataset,
                revision=revision,
                manifest=row.manifest,
            )
    return _record(row)


def flip(dataset: str, revision: int) -> PublicationRecord:
    """Show `revision` in place of whatever `dataset` shows now; all or nothing."""
    with transaction.atomic():
        _raise_generation()
        row = _get(dataset, revision)
        state = models.Publication.State
        models.Publication.objects.filter(dataset=dataset, state=state.PUBLISHED).exclude(pk=row.pk).update(
            state=state.BUILT
        )
        row.state = state.PUBLISHED
        row.published_at = timezone.now()
        row.save(update_fields=["state", "published_at"])
    return _record(row)


def withdraw(dataset: str) -> PublicationRecord:
    """Hide the published revision of `dataset`; `flip` shows it again.

    Raises
    ------
    NotFoundError
        ``publication.not_published``
    """
    with transaction.atomic():
        _raise_generation()
        state = models.Publication.State
        row = models.Publication.objects.filter(dataset=dataset, state=state.PUBLISHED).first()
        if row is None:
            raise NotFoundError(
                "publication.not_published",
                "{dataset} is not published; `tianku list` shows what is",
                dataset=dataset,
            )
        row.state = state.WITHDRAWN
        row.save(update_fields=["state"])
    return _record(row)


def remove(dataset: str, revision: int) -> PublicationRecord:
    """Forget a revision that is not published (its files are the caller's to delete).

    Raises
    ------
    UsageError
        ``publication.published``: withdraw it first; ``publication.pinned``: a job reads it.
    """
    with transaction.atomic():
        _raise_generation()
        row = _get(dataset, revision)
        if row.state == models.Publication.State.PUBLISHED:
            raise UsageError(
                "publication.published",
                "revision {revision} of {dataset} is published; `tianku withdraw {dataset}` hides it first",
                dataset=dataset,
                revision=revision,
            )
        record = _record(row)
        try:
            row.delete()
        except ProtectedError:
            raise UsageError(
                "publication.pinned",
                "running jobs read revision {revision} of {dataset}; try again when they have ended",
                dataset=dataset,
                revision=revision,
            ) from None
    return record


def policy_overrides() -> dict[str, Rule]:
    """Return the rules set by operators, by resource (``dataset`` or ``dataset/name``)."""
    return {row.resource: _rule(row.rule) for row in models.PolicyOverride.objects.all()}


def set_policy(resource: str, rule: Rule | None) -> None:
    """Replace the configured rule of `resource`; None goes back to the configured one."""
    with transaction.atomic():
        _raise_generation()
        if rule is None:
            models.PolicyOverride.objects.filter(resource=resource).delete()
        else:
            models.PolicyOverride.objects.update_or_create(resource=resource, defaults={"rule": _rule_json(rule)})


def _get(dataset: str, revision: int) -> Any:
    row = models.Publication.objects.filter(dataset=dataset, revision=revision).first()
    if row is None:
        known = models.Publication.objects.filter(dataset=dataset).values_list("revision", flat=True)
        raise NotFoundError(
            "publication.unknown",
            "there is no revision {revision} of {dataset} (there are: {known})",
            dataset=dataset,
            revision=revision,
            known=", ".join(map(str, known)) or "none",
        )
    return row


def _record(row: Any) -> PublicationRecord:
    return PublicationRecord(
        dataset=row.dataset,
        revision=row.revision,
        state=cast(PublicationState, str(row.state)),
        manifest=row.manifest,
        built_at=row.built_at,
        published_at=row.published_at,
    )


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "who": {level.name.lower(): sorted(names) for level, names in rule.who.items()},
        "public_from": {level.name.lower(): instant for level, instant in rule.public_from.items()},
        "rows_from": {level.name.lower(): instant for level, instant in rule.rows_from.items()},
        "apply": rule.apply,
    }


def _rule(stored: Mapping[str, Any]) -> Rule:
    return Rule(
        who={Level[name.upper()]: frozenset(names) for name, names in stored["who"].items()},
        public_from={Level[name.upper()]: float(at) for name, at in stored["public_from"].items()},
        rows_from={Level[name.upper()]: float(at) for name, at in stored.get("rows_from", {}).items()},
        apply=stored["apply"],
    )
