"""Browsing the library page by page."""

from functools import partial
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.errors import BadRequest, Unavailable
from lumilio.library import assets
from lumilio.library.assets import Asset
from lumilio.library.context import Context
from lumilio.search.filters import LONGEST_TEXT, AssetFilter, conditions

StackMode = Literal["collapsed", "expanded"]

_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100
_MAX_OFFSET = 2**63 - 1
_ORDERS = {
    "date_captured": "assets.capture_order DESC, assets.asset_id DESC",
    "recently_added": "assets.upload_time DESC, assets.asset_id DESC",
}
_STACK_MODES: tuple[StackMode, ...] = ("collapsed", "expanded")
_SEARCH_TYPES = ("filename", "semantic")


class PageRequest(Struct, frozen=True):
    """Which rows to send; a limit out of range counts as the default."""

    limit: Annotated[int, Meta(description="1 to 100; otherwise 20.")] | None = None
    offset: int | None = None

    @property
    def rows(self) -> int:
        """The limit in force."""
        wanted = self.limit or 0
        return wanted if 1 <= wanted <= _MAX_LIMIT else _DEFAULT_LIMIT

    @property
    def start(self) -> int:
        """The offset in force."""
        return min(max(self.offset or 0, 0), _MAX_OFFSET)


class AssetQuery(Struct, frozen=True):
    """A request for a page of the library."""

    query: Annotated[str, Meta(max_length=LONGEST_TEXT)] | None = None
    search_type: Annotated[str, Meta(description="filename or semantic.")] | None = None
    filter: AssetFilter | None = None
    sort_by: Annotated[str, Meta(description="date_captured or recently_added.")] | None = None
    viewer_timezone: Annotated[str, Meta(description="IANA zone; UTC when unknown.")] | None = None
    stack_mode: Annotated[str, Meta(description="collapsed or expanded.")] | None = None
    pagination: PageRequest | None = None


class BrowseItem(Struct):
    """A row of a page."""

    type: Literal["asset", "stack"]
    id: Annotated[str, Meta(pattern="^(asset|stack):[0-9a-f-]{36}$")]
    asset: Asset


class BrowsePage(Struct, omit_defaults=True, kw_only=True):
    """One page of rows."""

    items: list[BrowseItem] | UnsetType = UNSET
    total_visible: int
    total_assets: int
    stack_mode: StackMode
    limit: int
    offset: int


def browse(ctx: Context, wanted: AssetQuery) -> BrowsePage:
    """A page of what the caller may see, newest first; raises BadRequest for unknown words."""
    order = _choice(wanted.sort_by, tuple(_ORDERS), "sort_by")
    mode = _choice(wanted.stack_mode, _STACK_MODES, "stack_mode")
    search_type = _choice(wanted.search_type, _SEARCH_TYPES, "search_type")
    if search_type == "semantic" and (wanted.query or "").strip():
        raise Unavailable("Searching by meaning is not available")
    page = wanted.pagination or PageRequest()
    where, values = _where(ctx, wanted)
    with ctx.db.read() as db:
        total = db.value(f"SELECT count(*) FROM assets WHERE {where}", values)
        found = db.rows(
            partial(assets.decode, kind=Asset),
            f"SELECT {assets.COLUMNS} FROM {assets.FROM} WHERE {where}"
            f" ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?",
            (*values, page.rows, page.start),
        )
    return BrowsePage(
        items=[BrowseItem("asset", f"asset:{a.asset_id}", a) for a in found] or UNSET,
        total_visible=total,
        total_assets=total,
        stack_mode="expanded" if mode == "expanded" else "collapsed",
        limit=page.rows,
        offset=page.start,
    )


def _where(
    ctx: Context, wanted: AssetQuery
) -> tuple[str, tuple[int | float | str | bytes | None, ...]]:
    zone = _zone(wanted.viewer_timezone)
    pairs = list(
        conditions(wanted.filter or AssetFilter(), wanted.query or "", ctx.principal, zone)
    )
    where = " AND ".join(condition for condition, _ in pairs)
    return where, tuple(value for _, values in pairs for value in values)


def _choice(text: str | None, allowed: tuple[str, ...], name: str) -> str:
    chosen = (text or "").strip().lower() or allowed[0]
    if chosen not in allowed:
        raise BadRequest(f"{name} must be one of {', '.join(allowed)}")
    return chosen


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo((name or "").strip() or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
