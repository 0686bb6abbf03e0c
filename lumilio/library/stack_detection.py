"""Finding stacks: by jobs after the metadata of an asset was read, or for a whole repository.

Stacks that were found are always those that today's files make, whatever came first; stacks that
people made are only added to, and what people took out is left alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from lumilio.db import Connection, Transaction
from lumilio.library import jobs, repositories, stack_groups, stacks
from lumilio.library.context import Context
from lumilio.library.jobs import Job, NewJob
from lumilio.library.stack_groups import File, Group, Shot
from lumilio.library.stacks import Member, StoredStack
from lumilio.media.formats import MediaType


class Detect(Struct, frozen=True):
    """Payload of a detection, whose asset says the rest."""


def queue(tx: Transaction, key: int, now: datetime) -> None:
    """Queue a look at an asset, unless nothing else could belong to it."""
    found = _by(tx, "assets.id = ?", key)
    if any(other != key for file in found for other in _beside(tx, file)):
        job = NewJob(jobs.DETECT_STACKS, Detect(), asset_key=key, unique_key=f"stacks:{key}")
        jobs.enqueue(tx, job, now)


def run(ctx: Context, job: Job) -> None:
    """Find the stack of one asset."""
    run_together(ctx, [job])


def run_together(ctx: Context, together: Sequence[Job]) -> Sequence[Job]:
    """Find the stacks of many assets with one commit; leaves nothing to be done."""
    with ctx.db.write() as tx:
        seen: set[int] = set()
        for job in together:
            assert job.asset_key is not None
            if job.asset_key not in seen:
                files = _related(tx, job.asset_key)
                seen.update(file.key for file in files)
                _settle(tx, files)
            jobs.complete(tx, job.id, ctx.now())
    return ()


def detect(ctx: Context, repository_id: UUID) -> int:
    """Find all stacks of a repository; returns how many are new. Raises NotFound."""
    repository = repositories.require(ctx, repository_id)
    with ctx.db.write() as tx:
        owners = tx.rows(
            lambda owner_id: owner_id,
            "SELECT DISTINCT owner_id FROM assets WHERE repository_id = ?",
            (repository.key,),
        )
        return sum(_settle(tx, _by(tx, _HOME, repository.key, owner_id)) for owner_id in owners)


def _settle(tx: Transaction, files: Sequence[File]) -> int:
    """Write the stacks of these files, with whom all belong that are related; returns how many are new."""
    present = stacks.of_assets(tx, [file.key for file in files])
    by_hand = [stack for stack in present if stack.kind == "manual"]
    fixed = {key: stack for stack in reversed(by_hand) for key in stack.keys}
    free: list[Shot] = []
    joining: dict[int, list[Member]] = {}
    for shot in stack_groups.shots(files):
        theirs = [fixed[file.key].key for file in shot if file.key in fixed]
        if theirs:
            others = [Member(f.key, "alternative") for f in shot if f.key not in fixed]
            joining.setdefault(min(theirs), []).extend(others)
        else:
            free.append(shot)
    _join(tx, by_hand, joining)
    found = [stack for stack in present if stack.kind != "manual"]
    return _renew(tx, found, stack_groups.groups(free))


def _join(
    tx: Transaction, by_hand: Iterable[StoredStack], joining: dict[int, list[Member]]
) -> None:
    for stack in by_hand:
        if others := joining.get(stack.key):
            stacks.write(tx, stack.key, stack.kind, [*stack.members, *others])


def _renew(tx: Transaction, present: Sequence[StoredStack], groups: Iterable[Group]) -> int:
    """Let the stacks that were found be these groups; returns how many are new."""
    stack_of = {key: stack for stack in present for key in stack.keys}
    chosen = {m.key for stack in present for m in stack.members if m.is_chosen_cover}
    kept: dict[int, Group] = {}
    new: list[Group] = []
    for group in groups:
        former = {stack_of[m.key].key for m in group.members if m.key in stack_of} - set(kept)
        if former:
            kept[min(former)] = group
        else:
            new.append(group)
    for stack in present:
        if stack.key not in kept:
            tx.run("DELETE FROM stacks WHERE id = ?", (stack.key,))
    for stack in present:
        if stack.key in kept:
            group = kept[stack.key]
            members = _with_cover(group.members, chosen)
            if (group.kind, members) != (stack.kind, stack.members):
                stacks.write(tx, stack.key, group.kind, members)
    for group in new:
        stacks.write(tx, None, group.kind, _with_cover(group.members, chosen))
    return len(new)


def _with_cover(members: Sequence[Member], chosen: set[int]) -> tuple[Member, ...]:
    """The members with the cover that a person chose, if one did, in front."""
    cover = next((member for member in members if member.key in chosen), None)
    if cover is None:
        return tuple(members)
    others = [member for member in members if member is not cover]
    return (msgspec.structs.replace(cover, is_chosen_cover=True), *others)


def _related(db: Connection, key: int) -> list[File]:
    """A file, and all that its stack could depend on."""
    found: dict[int, File] = {}
    waiting = [key]
    while waiting:
        for file in _by(db, "assets.id = ?", waiting.pop()):
            if file.key not in found:
                found[file.key] = file
                waiting.extend(other for other in _beside(db, file) if other not in found)
    return list(found.values())


def _beside(db: Connection, file: File) -> Iterator[int]:
    """Keys of what the stack of a file could depend on at once, sometimes with its own."""
    stack = stacks.of_asset(db, file.key)
    if stack is not None and stack.kind != "manual":
        yield from stack.keys
    home = db.row(
        lambda *row: row, "SELECT repository_id, owner_id FROM assets WHERE id = ?", (file.key,)
    )
    assert home is not None
    for column in ("content_identifier", "burst_id"):
        if value := getattr(file, column):
            for other in _by(db, f"{_OF_HOME} AND {column} = ?", *home, value):
                yield other.key
    yield from _named(db, home, file, stack_groups.companions(file.stem), stack_groups.is_one_shot)
    yield from _named(db, home, file, stack_groups.neighbours(file.stem), stack_groups.is_next)


def _named(
    db: Connection,
    home: tuple[int, int | None],
    file: File,
    stems: Iterable[str],
    belongs: Callable[[File, File], bool],
) -> Iterator[int]:
    """Files whose names begin with a stem, then a dot or hyphen, and that belong to a file."""
    for stem in stems:
        for other in _by(db, f"{_HOME} AND {_BEGINS}", *home, f"{stem}-", f"{stem}/"):
            if other.key != file.key and belongs(file, other):
                yield other.key


# Names are looked up within a repository, ids by themselves.
_HOME = "assets.repository_id = ? AND +assets.owner_id IS ?"
_OF_HOME = f"+{_HOME}"
# The dot stands between the hyphen and the slash.
_BEGINS = "assets.folded_filename >= ? AND assets.folded_filename < ?"


def _by(db: Connection, condition: str, *values: int | str | None) -> list[File]:
    """Files that may be stacked; those in the trash keep the stacks that they have."""
    return db.rows(
        _decode,
        "SELECT assets.id, assets.type, folded_filename, storage_path, is_raw,"
        " upload_time, taken_time, camera_model, content_identifier, burst_id"
        " FROM assets LEFT JOIN file_metadata ON file_metadata.asset_id = assets.id"
        f" WHERE {condition} AND assets.type <> 'AUDIO'"
        " AND assets.id NOT IN (SELECT asset_id FROM unstacked_assets)"
        " AND (assets.deleted_at IS NULL"
        " OR assets.id IN (SELECT asset_id FROM stack_members))",
        values,
    )


def _decode(
    key: int,
    kind: MediaType,
    name: str,
    storage_path: str,
    is_raw: int,
    *rest: Any,
) -> File:
    return File(key, kind, name, storage_path, bool(is_raw), *rest)
