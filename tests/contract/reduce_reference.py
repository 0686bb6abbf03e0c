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
    "add_album_asset",
    "add_asset_to_album",
    "begin_passkey_enrollment",
    "begin_passkey_login",
    "begin_totp_setup",
    "change_own_password",
    "create_album",
    "create_repository",
    "create_stack",
    "delete_album",
    "delete_asset",
    "delete_passkey",
    "delete_repository",
    "detect_repository_stacks",
    "disable_totp",
    "download_assets_zip",
    "enable_totp",
    "export_asset",
    "finish_passkey_enrollment",
    "finish_passkey_login",
    "get_album",
    "get_asset",
    "get_asset_exif",
    "get_asset_original",
    "get_asset_sidecar",
    "get_asset_stack",
    "get_asset_thumbnail",
    "get_asset_web_audio",
    "get_asset_web_video",
    "get_capabilities",
    "get_current_user",
    "get_health",
    "get_job_state_counts",
    "get_latest_repository_scan",
    "get_mfa_status",
    "get_queue_summary",
    "get_repository",
    "get_runtime_info",
    "get_setup_status",
    "get_system_settings",
    "get_upload_config",
    "get_upload_progress",
    "issue_media_token",
    "list_album_assets",
    "list_albums",
    "list_asset_albums",
    "list_asset_types",
    "list_passkeys",
    "list_repositories",
    "list_repository_scans",
    "list_users",
    "login",
    "logout",
    "move_album_asset",
    "query_assets",
    "put_asset_sidecar",
    "queue_repository_scan",
    "refresh_session",
    "regenerate_recovery_codes",
    "register_account",
    "remove_album_asset",
    "remove_asset_from_stack",
    "reprocess_asset",
    "reset_user_access",
    "restore_asset",
    "run_setup",
    "set_asset_description",
    "set_asset_like",
    "set_asset_rating",
    "set_asset_rating_and_like",
    "update_album",
    "update_asset_metadata",
    "update_own_profile",
    "update_repository",
    "update_system_settings",
    "update_user",
    "upload_asset",
    "upload_asset_batch",
    "validate_llm_settings",
    "verify_mfa_login",
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
