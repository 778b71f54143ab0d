"""Selections of files for download: kept by their digest, forgotten when nobody uses them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tianku.model.errors import NotFoundError
from tianku.state.lazy import LazyModule
from tianku.state.records import ArchiveRecord, LostMember

models = LazyModule("tianku.state.models")

#: days without use after which a selection is forgotten; asking for the same files again brings the same one back
KEPT_DAYS = 30
#: selections, of at most a few megabytes each, beyond which those unused for longest are forgotten before
MOST_KEPT = 10_000
_NOTED = timedelta(days=1)


def save_archive(record: ArchiveRecord) -> None:
    """Keep a selection; one of the same digest is the same, and what was lost of it gets another chance."""
    now = timezone.now()
    models.Archive.objects.update_or_create(
        digest=record.digest,
        defaults={"sets": record.sets, "numbers": record.numbers, "lost": [], "used": now},
    )
    models.Archive.objects.filter(used__lt=now - timedelta(days=KEPT_DAYS)).delete()
    beyond = models.Archive.objects.order_by("-used").values_list("used", flat=True)[MOST_KEPT : MOST_KEPT + 1]
    if oldest := list(beyond):
        models.Archive.objects.filter(used__lte=oldest[0]).delete()


def archive(digest: str) -> ArchiveRecord:
    """Return a selection.

    Raises
    ------
    NotFoundError
        ``archive.unknown``
    """
    row = models.Archive.objects.filter(digest=digest).first()
    if row is None:
        raise _unknown(digest)
    return ArchiveRecord(row.digest, row.sets, bytes(row.numbers))


def lost_members(digest: str) -> tuple[LostMember, ...]:
    """Return the members found missing; that the archive is in use is noted once a day.

    Raises
    ------
    NotFoundError
        ``archive.unknown``
    """
    row = models.Archive.objects.filter(digest=digest).values("lost", "used").first()
    if row is None:
        raise _unknown(digest)
    if (now := timezone.now()) - row["used"] > _NOTED:
        models.Archive.objects.filter(digest=digest).update(used=now)
    return tuple(LostMember(*one) for one in row["lost"])


def lose_member(digest: str, lost: LostMember) -> None:
    """Note that a member is missing: from now on the archive is another one, without it."""
    entry: list[Any] = [lost.place, lost.tree, lost.number]
    with transaction.atomic():
        row = models.Archive.objects.select_for_update().filter(digest=digest).first()
        if row is not None and entry not in row.lost:
            row.lost = [*row.lost, entry]
            row.save(update_fields=["lost"])


def _unknown(digest: str) -> NotFoundError:
    return NotFoundError(
        "archive.unknown",
        "There is no archive {digest}; selections that nobody downloads are forgotten after {days} days.",
        digest=digest[:64],
        days=KEPT_DAYS,
    )
