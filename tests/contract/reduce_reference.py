"""Writes reference.json: what the contract promises of the operations that exist so far.

Run as `python -m tests.contract.reduce_reference PATH_TO_OPENAPI_JSON`; add an operation here in the
change that brings it.
"""

import json
import sys
from pathlib import Path

from tests.contract.shapes import operations

TARGET = Path(__file__).with_name("reference.json")
PROMISED = (
    "create_repository",
    "delete_repository",
    "get_asset",
    "get_asset_exif",
    "get_asset_original",
    "get_asset_thumbnail",
    "get_asset_web_audio",
    "get_asset_web_video",
    "get_current_user",
    "get_health",
    "get_job_state_counts",
    "get_latest_repository_scan",
    "get_queue_summary",
    "get_repository",
    "get_setup_status",
    "get_upload_config",
    "get_upload_progress",
    "issue_media_token",
    "list_asset_types",
    "list_repositories",
    "list_repository_scans",
    "login",
    "logout",
    "query_assets",
    "queue_repository_scan",
    "refresh_session",
    "register_account",
    "run_setup",
    "update_repository",
    "upload_asset",
    "upload_asset_batch",
)


def main(source: str) -> None:
    """Keep the facts of the promised operations, nothing of the document's wording."""
    document = json.loads(Path(source).read_text(encoding="utf-8"))
    found = operations(document)
    for path in document["paths"].values():
        for operation in path.values():
            if operation.get("x-advised-role"):
                found[operation["operationId"]]["role"] = operation["x-advised-role"]
    reduced = {name: found[name] for name in PROMISED}
    TARGET.write_text(json.dumps(reduced, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
