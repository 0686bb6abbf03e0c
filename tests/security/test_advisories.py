"""Which test holds off what happened to others.

Each line is a class of published advisories on photo libraries, and the tests that prove it absent.

OAuth state not verified; answers of one ceremony used in another
    tests/api/test_mfa.py::test_a_set_up_belongs_to_whoever_began_it
    tests/api/test_mfa.py::test_a_token_of_one_purpose_serves_no_other
    tests/browser/test_passkeys.py::test_an_answer_that_was_changed_does_not_sign_in
Replay
    tests/api/test_sign_ups.py::test_of_many_who_use_one_invitation_at_once_one_gets_in
    tests/api/test_mfa.py::test_a_code_is_taken_once
    tests/api/test_mfa.py::test_a_question_is_answered_once
    tests/api/test_auth.py::test_a_spent_token_that_comes_back_later_ends_the_whole_session
A credential that raises its own scope
    tests/api/test_auth.py::test_a_media_token_opens_nothing_but_media
    tests/api/test_auth.py::test_the_role_comes_from_the_account_and_not_from_the_token
    tests/contract/test_authorisation.py::test_an_operation_answers_everybody_as_it_declares
Fields that nobody asked for: roles, owners and accounts named by the client
    tests/security/test_access.py::test_fields_that_an_operation_does_not_know_change_nothing
    tests/security/test_access.py::test_an_upload_belongs_to_whoever_sends_it
Secrets in addresses, answers and logs
    tests/security/test_secrets.py::test_no_secret_is_ever_logged
    tests/security/test_secrets.py::test_no_answer_brings_a_secret_back
    tests/security/test_secrets.py::test_an_access_token_is_taken_from_its_header_alone
Stored XSS
    tests/security/test_injection.py::test_hostile_text_comes_back_as_the_data_it_is
    tests/browser/test_hostile_text.py::test_hostile_text_is_shown_and_never_run
    tests/browser/test_hostile_text.py::test_a_drawing_with_a_script_is_saved
    tests/api/test_uploads.py::test_a_drawing_is_saved_and_never_opened_as_a_page
    tests/api/test_assets.py::test_the_original_of_a_dangerous_type_cannot_run_as_a_page
    tests/api/test_files.py::test_a_hostile_name_stays_inside_its_header
    tests/api/test_server.py::test_pages_run_their_own_scripts_and_webassembly_but_no_text
A page of another site acts for its visitor (CSRF)
    tests/api/test_door.py::test_a_page_of_another_site_acts_without_a_token_nowhere
    tests/api/test_door.py::test_a_preflight_of_a_foreign_origin_is_forbidden
    tests/api/test_sign_ups.py::test_a_page_of_another_site_has_no_privilege_of_this_machine
    tests/security/test_secrets.py::test_an_access_token_is_taken_from_its_header_alone
An operation without an owner's or a role's check
    tests/api/test_typed.py::test_an_operation_without_a_role_stops_the_start
    tests/contract/test_authorisation.py::test_every_operation_has_a_call
    tests/contract/test_authorisation.py::test_what_users_name_in_a_path_belongs_to_somebody
    tests/contract/test_authorisation.py::test_an_operation_answers_everybody_as_it_declares
A filter that escapes the condition of the owner; SQL in filters, orders and pages
    tests/security/test_injection.py::test_no_filter_shows_what_belongs_to_somebody_else
    tests/security/test_injection.py::test_no_order_but_those_of_the_contract
    tests/security/test_injection.py::test_the_name_of_a_queue_is_one_or_none
    tests/security/test_injection.py::test_parameters_of_lists_are_numbers_or_nothing
Path traversal, also as Windows reads paths
    tests/api/test_uploads.py::test_a_hostile_name_stays_inside_the_inbox
    tests/library/test_file_names.py::test_a_stored_name_is_safe_on_every_system_and_keeps_its_extension
    tests/api/test_download.py::test_names_are_unicode_and_never_lead_out_of_the_folder
    tests/api/test_server.py::test_no_address_leads_out_of_the_clients_folder
Links that lead out of a folder
    tests/security/test_access.py::test_a_link_in_the_place_of_an_original_is_not_followed
    tests/security/test_access.py::test_a_library_behind_a_link_is_served
    tests/pipeline/test_scan.py::test_links_are_not_followed
Requests to the inside: names, rebinding, redirects, other spellings of addresses
    tests/test_outbound.py::test_addresses_inside_are_refused_however_they_are_written
    tests/test_outbound.py::test_a_name_that_means_something_inside_is_refused
    tests/test_outbound.py::test_a_name_is_looked_up_once
    tests/test_outbound.py::test_a_redirect_is_judged_like_an_address
    tests/test_outbound.py::test_only_http_goes_out
    tests/api/test_settings.py::test_a_private_address_has_to_be_allowed
A name that is pointed at this machine (DNS rebinding)
    tests/api/test_door.py::test_a_name_that_was_rebound_to_this_machine_is_refused_on_every_path
One-time codes that never expire
    tests/security/test_access.py::test_every_question_expires
    tests/api/test_auth.py::test_a_refresh_token_lives_a_week
    tests/api/test_auth.py::test_a_media_token_ends
Access that survives its removal
    tests/security/test_access.py::test_nothing_of_an_unregistered_repository_is_had
    tests/api/test_users.py::test_a_media_token_ends_with_its_session
    tests/api/test_users.py::test_a_deactivated_account_is_out_at_once_and_for_good
    tests/api/test_users.py::test_a_changed_role_counts_at_once
    tests/api/test_events.py::test_a_stream_ends_with_its_session
Empty passwords, and secrets of a wrong type
    tests/security/test_access.py::test_a_secret_of_a_wrong_type_opens_nothing
    tests/contract/test_answers.py::test_a_field_of_a_wrong_type_is_a_bad_request
Names of accounts found out
    tests/api/test_auth.py::test_every_refused_sign_in_looks_the_same
    tests/api/test_auth.py::test_an_unknown_name_costs_a_hash_like_a_known_one
    tests/api/test_mfa.py::test_accounts_without_passkeys_are_not_told_apart
    tests/api/test_users.py::test_unknown_names_are_slowed_down_alike
Guessing
    tests/api/test_users.py::test_guessing_a_password_is_slowed_down
    tests/api/test_users.py::test_one_address_cannot_guess_at_many_accounts
    tests/api/test_sign_ups.py::test_guessing_the_setup_code_is_slowed_down_wherever_it_comes_from
    tests/api/test_mfa.py::test_guessing_over_many_questions_is_slowed_down
Requests that exhaust the server
    tests/contract/test_answers.py::test_a_body_over_the_limit_is_refused_before_it_is_read
    tests/contract/test_answers.py::test_a_body_that_is_no_json_object_is_a_bad_request
    tests/security/test_floods.py::test_absurd_json_is_a_bad_request
    tests/security/test_floods.py::test_the_head_of_a_part_is_short
    tests/security/test_floods.py::test_a_form_of_many_fields_is_read_and_forgotten
    tests/security/test_floods.py::test_a_batch_of_many_files_holds_few_of_them_open
Open to everybody by default; files that others can read or run
    tests/test_app.py::test_only_this_machine_is_served_by_default
    tests/test_app.py::test_the_home_is_closed_to_other_accounts
    tests/api/test_repositories.py::test_staging_and_temporary_files_are_closed_to_other_accounts

Shared links, OAuth, feeds and unpacked archives have advisories, too; Lumilio has none of them yet.
"""

import re

import pytest

from tests.support.contract import ROOT

PROOFS = re.findall(r"^    (tests/\S+)::(\w+)$", __doc__ or "", re.MULTILINE)


def test_every_line_that_looks_like_a_test_is_one() -> None:
    assert len(PROOFS) == (__doc__ or "").count("tests/")


@pytest.mark.parametrize(("file", "name"), sorted(set(PROOFS)))
def test_a_test_of_the_table_exists(file: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
