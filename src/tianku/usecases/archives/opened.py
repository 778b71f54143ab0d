"""An archive for one caller: the policy of this moment decides about each member."""

from __future__ import annotations

from collections.abc import Generator, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tianku.model.access import ANONYMOUS, Level, Principal
from tianku.model.errors import AuthError, NotFoundError, TransientError
from tianku.products.archive import Form, Layout, MemberGoneError, Part
from tianku.products.members import Members, Numbers
from tianku.state import repositories
from tianku.state.repositories import LostMember
from tianku.usecases.archives.layouts import Laid, lay, members_of
from tianku.usecases.archives.selection import SelectedSet, Selection, decoded
from tianku.usecases.picture import PublishedSet
from tianku.usecases.policy import decide, rows_from
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

MEDIA_TYPES: dict[Form, str] = {"tar": "application/x-tar", "zip": "application/zip"}


@dataclass(frozen=True, slots=True)
class OpenArchive:
    """What may be sent of an archive, in one form. `sha256` validates it; it is not the checksum of its bytes."""

    centre: Centre
    digest: str
    layout: Layout
    sha256: str
    public: bool
    #: members that the selection has and this caller does not get
    left_out: int
    #: for each part of the layout: which set of the selection it is, and the checksum of its tree
    places: tuple[tuple[int, str], ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.layout.size

    @property
    def media_type(self) -> str:
        """The media type of its form."""
        return MEDIA_TYPES[self.layout.form]

    @property
    def filename(self) -> str:
        """A name to save it under."""
        return f"{self.digest[:16]}.{self.layout.form}"

    def read(self, offset: int, length: int) -> Generator[bytes, None, None]:
        """Yield a range; a member that turns out to be gone breaks the stream, and from then on is left out.

        Raises
        ------
        TransientError
            ``archive.changed``
        """
        try:
            yield from self.layout.read(self.centre.originals, offset, length)
        except MemberGoneError as error:
            place, tree = self.places[error.part]
            with repositories.session():
                repositories.lose_member(self.digest, LostMember(place, tree, error.number))
            raise TransientError(
                "archive.changed",
                "A file of the archive is gone; ask again for the archive without it.",
                retry_after=1,
            ) from error


@dataclass(frozen=True, slots=True)
class _Share:
    """What the caller may have of one set of a selection."""

    place: int
    selected: SelectedSet
    one: PublishedSet
    members: Members
    tree: str
    #: all of it, or only what has opened by itself
    whole: bool
    lost: tuple[int, ...]

    @property
    def key(self) -> Hashable:
        return self.place, self.tree, self.whole, rows_from(self.one.rule, Level.DATA), self.lost


def open_archive(centre: Centre, principal: Principal, digest: str, form: Form) -> OpenArchive:
    """Return an archive as `principal` may have it now; call it in a session of the state.

    Raises
    ------
    NotFoundError
        ``archive.unknown``, ``archive.empty``: nothing of it is published any more.
    AuthError
        ``policy.closed`` when all there is of it is closed to the caller.
    """
    lost = repositories.lost_members(digest)
    return open_selection(centre, principal, decoded(repositories.archive(digest)), form, lost)


def open_selection(
    centre: Centre, principal: Principal, selection: Selection, form: Form, lost: tuple[LostMember, ...] = ()
) -> OpenArchive:
    """Return the archive of a selection; see `open_archive`."""
    viewer = Viewer(centre.picture(), principal, centre.clock())
    refused: AuthError | None = None
    shares: list[_Share] = []
    for place, selected in enumerate(selection.sets):
        try:
            shares.append(_share(centre, viewer, place, selected, lost))
        except AuthError as error:
            refused = refused or error
        except NotFoundError:
            continue
    key = (selection.digest, form, *(share.key for share in shares))
    laid = centre.archives.get(key, viewer.now, lambda: _laid(centre, viewer, form, shares))
    if not len(laid.layout):
        raise refused or NotFoundError("archive.empty", "Nothing of this archive is published any more.")
    return OpenArchive(
        centre,
        selection.digest,
        laid.layout,
        laid.etag,
        len(shares) == len(selection.sets)
        and all(decide(ANONYMOUS, share.one.rule, Level.DATA, viewer.now) for share in shares),
        len(selection) - len(laid.layout),
        tuple((share.place, share.tree) for share in shares),
    )


def _share(
    centre: Centre, viewer: Viewer, place: int, selected: SelectedSet, lost: tuple[LostMember, ...]
) -> _Share:
    one = viewer.published_set(selected.dataset, selected.name, Level.DATA, by_row=True)
    if one.manifest.tree is None:
        raise NotFoundError("archive.empty", "Nothing of this archive is published any more.")
    tree = one.manifest.tree[0]
    return _Share(
        place,
        selected,
        one,
        members_of(one.folder / tree.path),
        tree.sha256,
        decide(viewer.principal, one.rule, Level.DATA, viewer.now),
        tuple(sorted(m.number for m in lost if (m.place, m.tree) == (place, tree.sha256))),
    )


def _laid(centre: Centre, viewer: Viewer, form: Form, shares: list[_Share]) -> Laid:
    parts, until = [], np.inf
    for share in shares:
        numbers = _current(centre, share)
        if not share.whole:
            opening = share.members.opening(numbers)
            start = rows_from(share.one.rule, Level.DATA)
            opening = np.maximum(opening, np.inf if start is None else start)
            later = opening[opening > viewer.now]
            until = min(until, float(later.min())) if len(later) else until
            numbers = numbers[opening <= viewer.now]
        numbers = np.setdiff1d(numbers, share.lost, assume_unique=True) if share.lost else numbers
        parts.append(Part(share.members, f"{share.one.dataset}/{share.one.name}/", numbers))
    return lay(form, parts, [share.tree for share in shares], until)


def _current(centre: Centre, share: _Share) -> Numbers:
    """The numbers in the tree as it is published now: another revision may hold the same files elsewhere."""
    selected = share.selected
    if selected.tree_sha256 == share.tree:
        return selected.numbers
    before = centre.data_root / selected.tree
    if not before.is_file():
        raise NotFoundError("archive.empty", "Nothing of this archive is published any more.")
    return share.members.locate(members_of(before).keys(selected.numbers))
