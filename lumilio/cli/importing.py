"""`lumilio import` and `lumilio scan`: progress while they work, and a summary that hides nothing."""

import math
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lumilio.cli.client import Client, Refused, connect
from lumilio.errors import LumilioError
from lumilio.media.hashes import blake3_of
from lumilio.settings import Settings

_PARALLEL = 4
_GROUP = 100
_POLL_SECONDS = 0.5
_PATIENCE = 30.0


class _Outcome(Struct):
    """What became of one file."""

    path: Path
    asset_id: str = ""
    duplicate: bool = False
    refusal: str = ""


def import_paths(settings: Settings, paths: list[Path], repository: str | None) -> int:
    """Upload files and wait until all are processed; returns the exit status."""
    console = Console()
    outcomes: list[_Outcome] = []
    files = [file for path in paths for file in _files(path, outcomes)]
    try:
        with connect(settings) as client, _progress(console) as progress:
            target = _repository(client, repository)["id"]
            _upload_all(client, target, files, outcomes, progress)
            _wait_for_jobs(client, progress)
            _collect_failures(client, outcomes)
    finally:
        _print_summary(console, outcomes)
    return 1 if any(outcome.refusal for outcome in outcomes) else 0


def scan(settings: Settings, repository: str | None, *, force: bool) -> int:
    """Scan one repository or all, and wait until all files are processed."""
    console = Console()
    failed = False
    with connect(settings) as client, _progress(console) as progress:
        wanted = (
            [_repository(client, repository)]
            if repository
            else client.get("/repositories")["repositories"]
        )
        for found in wanted:
            run = _scan_one(client, found["id"], force=force)
            failed = failed or run["status"] != "completed"
            _print_run(console, found["name"], run)
        _wait_for_jobs(client, progress)
    return 1 if failed else 0


def _files(path: Path, outcomes: list[_Outcome]) -> Iterator[Path]:
    """The files at a path; folders that cannot be read are noted as refused."""
    if not path.is_dir():
        yield path
        return

    def note(error: OSError) -> None:
        outcomes.append(_Outcome(Path(error.filename), refusal=error.strerror or str(error)))

    for folder, folders, names in os.walk(path, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _upload_all(
    client: Client,
    repository_id: str,
    files: list[Path],
    outcomes: list[_Outcome],
    progress: Progress,
) -> None:
    task = progress.add_task("Copying", total=len(files))

    def take(file: Path, asset_id: str) -> _Outcome:
        known = _Outcome(file, asset_id, duplicate=True)
        outcome = known if asset_id else _upload(client, repository_id, file)
        progress.advance(task)
        return outcome

    with ThreadPoolExecutor(_PARALLEL) as pool:
        for start in range(0, len(files), _GROUP):
            group = files[start : start + _GROUP]
            hashes = list(pool.map(_hash, group))
            known = _already_there(client, repository_id, hashes)
            outcomes.extend(pool.map(take, group, (known.get(hash_, "") for hash_ in hashes)))


def _hash(file: Path) -> str:
    """The content hash of a file; empty for one that cannot be read, as its upload will tell."""
    try:
        # A pipe would be waited for.
        if not file.is_file():
            return ""
        with file.open("rb") as opened:
            return blake3_of(opened)
    except OSError:
        return ""


def _already_there(client: Client, repository_id: str, hashes: list[str]) -> dict[str, str]:
    """Asset ids by hash of what need not be sent."""
    question = {"repository_id": repository_id, "hashes": [hash_ for hash_ in hashes if hash_]}
    try:
        results = client.post("/assets/precheck", json=question)["results"]
    except LumilioError:
        # Each upload tells for itself what keeps it out.
        return {}
    return {result["hash"]: result["asset_id"] for result in results if result["exists"]}


def _upload(client: Client, repository_id: str, file: Path) -> _Outcome:
    if file.exists() and not file.is_file():
        return _Outcome(file, refusal="This is not a file")
    try:
        receipt = client.upload(file, repository_id)
    except UnicodeError:
        return _Outcome(file, refusal="The name of this file is not valid text")
    except (LumilioError, OSError) as error:
        return _Outcome(file, refusal=str(error) or type(error).__name__)
    return _Outcome(file, receipt["asset_id"], receipt["status"] == "duplicate")


def _wait_for_jobs(client: Client, progress: Progress) -> None:
    task = progress.add_task("Processing", total=None)
    most = 0
    patience_ends = math.inf
    while time.monotonic() < patience_ends:
        counts = client.get("/admin/river/stats")
        busy = counts["available"] + counts["running"]
        left = busy + counts["scheduled"] + counts["retryable"]
        most = max(most, left)
        progress.update(task, total=most or 1, completed=most - left if most else 1)
        if not left:
            return
        # What waits for another attempt may wait for a disk; the server goes on without us.
        patience_ends = math.inf if busy else min(patience_ends, time.monotonic() + _PATIENCE)
        time.sleep(_POLL_SECONDS)


def _collect_failures(client: Client, outcomes: list[_Outcome]) -> None:
    def collect(outcome: _Outcome) -> None:
        state = client.get(f"/assets/{outcome.asset_id}?include_thumbnails=false")["processing"]
        if state["state"] == "processing":
            outcome.refusal = "copied, but still waiting to be processed"
        elif state["state"] in ("failed", "warning"):
            outcome.refusal = "; ".join(dict.fromkeys(error["error"] for error in state["errors"]))

    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(collect, (outcome for outcome in outcomes if outcome.asset_id)))


def _scan_one(client: Client, repository_id: str, *, force: bool) -> Any:
    """Start a scan and wait for its run, which is the first one that was not there before."""
    before = _latest_run(client, repository_id)
    # One that runs already is the one to wait for.
    finished = before["scan_id"] if before and before["status"] != "running" else None
    client.post(f"/repositories/{repository_id}/scan", json={"force": force})
    while True:
        time.sleep(_POLL_SECONDS)
        run = _latest_run(client, repository_id)
        if run and run["status"] != "running" and run["scan_id"] != finished:
            return run


def _latest_run(client: Client, repository_id: str) -> Any:
    """The latest run that somebody asked for; others come and go by themselves."""
    runs = client.get(f"/repositories/{repository_id}/scans?limit=100")["scans"]
    return next((run for run in runs if run["mode"] == "manual"), None)


def _repository(client: Client, wanted: str | None) -> Any:
    found = client.get("/repositories")["repositories"]
    for repository in found:
        if (
            repository["is_primary"]
            if wanted is None
            else wanted
            in (
                repository["id"],
                repository["name"],
            )
        ):
            return repository
    raise Refused(f"There is no repository {wanted}" if wanted else "There is no repository yet")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<11}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _print_summary(console: Console, outcomes: list[_Outcome]) -> None:
    refused = [outcome for outcome in outcomes if outcome.refusal]
    duplicates = sum(outcome.duplicate and not outcome.refusal for outcome in outcomes)
    added = len(outcomes) - duplicates - len(refused)
    for outcome in refused:
        shown = os.fsencode(outcome.path).decode(errors="backslashreplace")
        console.print(f"{shown}: {outcome.refusal}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{added} added, {duplicates} already there, {len(refused)} refused or failed",
        highlight=False,
    )


def _print_run(console: Console, name: str, run: Any) -> None:
    console.print(
        f"{name}: {run['status']}; {run['discovered_count']} new, {run['updated_count']} changed,"
        f" {run['deleted_count']} gone, {run['skipped_count']} passed over"
        + (f" ({run['error']})" if run.get("error") else ""),
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
