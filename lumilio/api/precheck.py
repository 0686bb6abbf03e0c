"""Asking before uploading: what is there already need not be sent."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.api.incoming import chosen_repository
from lumilio.api.typed import Router
from lumilio.errors import NotFound, RepositoryOffline
from lumilio.library import uploads
from lumilio.library.context import Context

api = Router("assets", "Photos, videos and recordings.", gate="first")

FullHash = Annotated[
    str,
    Meta(
        pattern="^[0-9A-Fa-f]{64}$",
        # The end of a pattern would allow a line break after it.
        max_length=64,
        description="BLAKE3 of the whole file in hex.",
    ),
]


class PrecheckQuestion(Struct, frozen=True, kw_only=True):
    """Hashes of files that a client could send."""

    repository_id: Annotated[
        str | None, Meta(description="Target repository; the primary one when left out.")
    ] = None
    hashes: Annotated[list[FullHash], Meta(max_length=1000)]


class PrecheckResult(Struct, omit_defaults=True):
    """Whether one of the files is there."""

    hash: str
    exists: bool
    asset_id: UUID | UnsetType = UNSET


class PrecheckAnswer(Struct):
    """One result for each hash, in their order."""

    results: list[PrecheckResult]


@api.post("/assets/precheck", role="user", errors=(NotFound, RepositoryOffline))
def precheck_assets(ctx: Context, body: PrecheckQuestion) -> PrecheckAnswer:
    """Tell which files an upload would find to be duplicates.

    Those are the caller's own in that repository; what lies in the trash or has lost its original
    is wanted again.
    """
    repository = chosen_repository(ctx, (body.repository_id or "").strip())
    hashes = [bytes.fromhex(text) for text in body.hashes]
    found = uploads.already_there(ctx, repository, hashes)
    return PrecheckAnswer(
        [
            PrecheckResult(text, asset_id is not None, UNSET if asset_id is None else asset_id)
            for text, asset_id in zip(body.hashes, found, strict=True)
        ]
    )
