"""Our document against the facts of the contract."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.contract.reduce_reference import PROMISED
from tests.contract.shapes import operations
from tests.support.contract import our_document, reference_document

REFERENCE: dict[str, Any] = json.loads(
    Path(__file__).with_name("reference.json").read_text(encoding="utf-8")
)
OURS = operations(our_document())

# What clients get beyond the contract.
BEYOND = {
    "add_album_assets",
    "arrange_album_assets",
    "cancel_job",
    "create_invite",
    "create_user",
    "delete_trashed_assets",
    "discard_upload_session",
    "empty_trash",
    "get_asset_motion",
    "get_asset_waveform",
    "get_csrf_token",
    "get_trash",
    "list_audit_events",
    "list_invites",
    "list_sessions",
    "pause_queue",
    "precheck_assets",
    "remove_album_assets",
    "rename_passkey",
    "restore_asset_stack",
    "restore_assets",
    "resume_queue",
    "retry_job",
    "retry_queue",
    "revoke_invite",
    "revoke_other_sessions",
    "revoke_session",
    "set_asset_likes",
    "set_stack_cover",
    "stream_events",
    "trash_assets",
}

# Optional parts of answers that later features bring: absent now, as the contract allows.
LATER = {
    "cloud_import_error",
    "cloud_import_run_id",
    "face_result",
    "ocr_result",
    "species_predictions",
    "tags",
}


def test_the_document_is_valid_openapi_3_1() -> None:
    assert our_document()["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(our_document()).validate()


def test_every_promised_operation_exists_and_no_other() -> None:
    assert set(OURS) - BEYOND == set(PROMISED) == set(REFERENCE)
    assert set(OURS) >= BEYOND


@pytest.mark.parametrize("name", PROMISED)
def test_an_operation_has_the_method_path_and_role_of_the_contract(name: str) -> None:
    for fact in ("method", "path", "role"):
        assert OURS[name][fact] == REFERENCE[name][fact]


@pytest.mark.parametrize("name", PROMISED)
def test_an_operation_takes_every_parameter_of_the_contract(name: str) -> None:
    assert set(REFERENCE[name]["parameters"]) <= set(OURS[name]["parameters"])


@pytest.mark.parametrize("name", PROMISED)
def test_an_operation_takes_every_body_field_of_the_contract(name: str) -> None:
    ours, reference = OURS[name], REFERENCE[name]
    assert set(reference["body"]) <= set(ours["body"])
    # What is no longer needed can still be sent.
    assert ours["body_required"] <= reference["body_required"]
    required = {field for field, is_required in ours["body"].items() if is_required}
    assert required <= {field for field, is_required in reference["body"].items() if is_required}


@pytest.mark.parametrize("name", PROMISED)
def test_an_answer_has_every_required_field_of_the_contract(name: str) -> None:
    required = {field for field, is_required in REFERENCE[name]["success"].items() if is_required}
    always = {field for field, is_required in OURS[name]["success"].items() if is_required}
    assert required <= always


@pytest.mark.parametrize("name", PROMISED)
def test_an_answer_lacks_only_optional_fields_of_later_features(name: str) -> None:
    missing = set(REFERENCE[name]["success"]) - set(OURS[name]["success"])
    assert {field for field in missing if not LATER & set(_words(field))} == set()


@pytest.mark.parametrize("name", PROMISED)
def test_the_document_declares_the_statuses_of_the_contract(name: str) -> None:
    reference = reference_document()
    if reference is None:
        pytest.skip("the contract document is not beside this checkout")
    facts = REFERENCE[name]
    theirs = reference["paths"][facts["path"]][facts["method"].lower()]["responses"]
    ours = our_document()["paths"][facts["path"]][facts["method"].lower()]["responses"]
    assert set(theirs) <= set(ours)


def test_the_reduced_reference_is_up_to_date() -> None:
    reference = reference_document()
    if reference is None:
        pytest.skip("the contract document is not beside this checkout")
    for name, facts in operations(reference).items():
        if name in REFERENCE:
            assert facts | {"role": None} == REFERENCE[name] | {"role": None}


def _words(field: str) -> list[str]:
    return [part.removesuffix("[]") for part in field.split(".")]
