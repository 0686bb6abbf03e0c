"""Browsing the library page by page."""

from functools import partial
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, json_array
from lumilio.errors import BadRequest, Unavailable
from lumilio.library import assets
from lumilio.library.assets import Asset
from lumilio.library.context import Context
from lumilio.search import collapsing
from lumilio.search.collapsing import BrowseItem, Selection
from lumilio.search.filters import LONGEST_TEXT, AssetFilter, conditions, takes_whole_stacks

StackMode = Literal["collapsed", "expanded"]

_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100
_MAX_OFFSET = 2**63 - 1
_ORDERS = {
    "date_captured": "capture_order",
    "recently_added": "upload_time",
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
    chosen = _chosen(ctx, wanted)
    with ctx.db.read() as db:
        total, standing = _count(db, chosen)
        if mode == "expanded":
            visible = total
            rows = [_expanded(asset) for asset in _page(db, chosen, [], _ORDERS[order], page)]
        else:
            is_simple = total == standing or takes_whole_stacks(*_asked(wanted))
            others = [] if is_simple else collapsing.covers_of_others(db, chosen)
            visible = standing + len(others)
            standing_alone = Selection(f"{chosen.where} AND {_STANDS_ALONE}", chosen.values)
            found = _page(db, standing_alone, others, _ORDERS[order], page)
            rows = collapsing.rows(db, chosen, found)
    return BrowsePage(
        items=rows or UNSET,
        total_visible=visible,
        total_assets=total,
        stack_mode="expanded" if mode == "expanded" else "collapsed",
        limit=page.rows,
        offset=page.start,
    )


_STANDS_ALONE = "assets.stack_cover_id IS NULL"


def _count(db: Connection, chosen: Selection) -> tuple[int, int]:
    """How many assets are chosen, and how many of them stand behind no other."""
    # Where there are no stacks, nothing but keys is counted.
    has_stacks = db.value("SELECT EXISTS (SELECT 1 FROM stacks)")
    behind = "count(assets.stack_cover_id)" if has_stacks else "0"
    found: tuple[int, int] | None = db.row(
        lambda *row: row,
        f"SELECT count(*), count(*) - {behind} FROM assets WHERE {chosen.where}",
        chosen.values,
    )
    assert found is not None
    return found


def _page(
    db: Connection, chosen: Selection, others: list[int], order: str, page: PageRequest
) -> list[Asset]:
    """The assets on a page of what is chosen and of some others, in order."""
    keys = "SELECT assets.id, assets.{0} AS place, assets.asset_id FROM assets WHERE {1}"
    source = keys.format(order, chosen.where)
    values = chosen.values
    if others:
        more = keys.format(order, "assets.id IN (SELECT value FROM json_each(?))")
        source = f"{source} UNION ALL {more}"
        values = (*values, json_array(others))
    return db.rows(
        partial(assets.decode, kind=Asset),
        f"WITH page AS MATERIALIZED ({source} ORDER BY 2 DESC, 3 DESC LIMIT ? OFFSET ?)"
        f" SELECT {assets.COLUMNS} FROM page JOIN assets ON assets.id = page.id"
        " JOIN repositories ON repositories.id = assets.repository_id"
        " ORDER BY page.place DESC, page.asset_id DESC",
        (*values, page.rows, page.start),
    )


def _expanded(asset: Asset) -> BrowseItem:
    asset.stack = UNSET
    return BrowseItem("asset", f"asset:{asset.asset_id}", asset)


def _asked(wanted: AssetQuery) -> tuple[AssetFilter, str]:
    return wanted.filter or AssetFilter(), wanted.query or ""


def _chosen(ctx: Context, wanted: AssetQuery) -> Selection:
    zone = _zone(wanted.viewer_timezone)
    pairs = list(conditions(*_asked(wanted), ctx.principal, zone))
    where = " AND ".join(condition for condition, _ in pairs)
    return Selection(where, tuple(value for _, values in pairs for value in values))


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
