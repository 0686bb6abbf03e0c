"""What the document says of every operation, tried out by Schemathesis on a running program.

Half of the calls are drawn from the document, right ones and wrong ones, by an account that lives
on; the others change something of a call that works, on things of an account of its own, so that
what ends sessions or deletes needs no exception. Nothing is left out but this:

- New repositories stay below the folder of the test, as their `root` is any folder of the machine.
- No language model is asked, as its address is any host.
- Of the endless event stream only the first event is read, and its schema is that of an event's
  data, which OpenAPI 3.1 has no other place for.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, CheckFunction, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lumilio import outbound
from lumilio.errors import Unauthorized
from lumilio.library import jobs, sessions
from lumilio.library.context import Context
from tests.conftest import Running
from tests.contract.calls import CALLS, Call, in_path
from tests.contract.scene import Scene
from tests.support.api import Api
from tests.support.contract import our_document
from tests.support.waiting import wait_until

# `build bench schema` tries more.
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "50"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = ("user", "admin")
CONFIG = SchemathesisConfig(
    projects=ProjectsConfig(
        default=ProjectConfig(
            generation=GenerationConfig(with_security_parameters=False),
            max_stream_events=1,
            request_timeout=30,
        )
    )
)
OPERATIONS: dict[str, APIOperation] = {
    found.definition.raw["operationId"]: found
    for result in schemathesis.openapi.from_dict(our_document(), config=CONFIG).get_all_operations()
    for found in [result.ok()]
}


class Program:
    """A running program, and who calls it."""

    def __init__(self, scene: Scene, url: str, folder: Path) -> None:
        self.scene = scene
        self._url = url
        self._folder = folder
        self._http = requests.Session()
        self._http.trust_env = False
        self._residents = {role: scene.account(role) for role in ROLES}

    def resident(self, role: str) -> Api:
        """The account that lives on, whatever was done to it."""
        resident = self._residents[role]
        try:
            who = sessions.principal_of(self.scene.ctx, resident.token, "access token")
            is_well = who.role == role and not who.must_change_password
        except Unauthorized:
            is_well = False
        if not is_well:
            self._residents[role] = resident = self.scene.account(role)
        return resident

    def try_out(self, case: Case, caller: Api, **options: Any) -> int:
        """Send a case, check its answer and return its status."""
        # What one call too many is answered has tests of its own.
        self.scene.run("DELETE FROM attempts")
        if isinstance(case.body, dict) and isinstance(case.body.get("root"), str):
            case.body["root"] = re.sub(r"^[/\\]+", f"{self._folder}/", case.body["root"])
        headers = {"authorization": f"Bearer {caller.token}"}
        response = case.call(self._url, session=self._http, headers=headers, **options)
        case.validate_response(response, _checks(case.operation))
        return response.status_code


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("program")

    def nowhere(host: str, port: int) -> Any:
        raise outbound.AddressRefused(f"{host} cannot be found")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "_resolved", nowhere)
        running = Running(folder / "home")
        ctx = running.app.ctx

        def settle() -> None:
            wait_until(lambda: _unfinished(ctx) == 0, what="the jobs")

        assert running.http.get("/api/openapi.json").json() == our_document()
        scene = Scene(folder, ctx, running.api, settle)
        yield Program(scene, running.url.replace("127.0.0.1", "localhost"), folder / "roots")
        running.stop()


def _unfinished(ctx: Context) -> int:
    with ctx.db.read() as db:
        return int(db.value(f"SELECT count(*) FROM jobs WHERE {jobs.UNFINISHED}"))


def _checks(operation: APIOperation) -> list[CheckFunction]:
    responses = operation.definition.raw["responses"]
    answers = responses.get("200", responses.get("201"))["content"]
    left_out = {response_schema_conformance} if "text/event-stream" in answers else set()
    return [check for check in CHECKS if check not in left_out]


def _cases(operation: APIOperation) -> st.SearchStrategy[Case]:
    right = operation.as_strategy(GenerationMode.POSITIVE)
    has_input = any((operation.path_parameters, operation.query, operation.headers, operation.body))
    return st.one_of(right, operation.as_strategy(GenerationMode.NEGATIVE)) if has_input else right


def _make_work(
    scene: Scene, caller: Api, call: Call, case: Case, draw: st.DataObject
) -> dict[str, Any]:
    """Bring a case near to a call that works: the thing exists, and some of the body is right.

    Returns what goes beside the case.
    """
    thing_id = call.thing.of(scene, caller) if call.thing else ""
    case.path_parameters = in_path(case.operation.path, thing_id)
    case.query = call.query | (case.query or {})
    arguments = call.arguments(scene, caller, thing_id)
    if call.files is not None and draw.draw(st.booleans()):
        case.body = NOT_SET
        return {"files": call.files}
    works = arguments.get("json")
    if works and case.operation.body:
        # Parts of both, or what works alone: else some operations are hardly ever got through to.
        if isinstance(case.body, dict) and draw.draw(st.booleans()):
            kept = draw.draw(st.sets(st.sampled_from(sorted(works))))
            case.body = case.body | {name: works[name] for name in kept}
        else:
            case.body, case.media_type = works, "application/json"
    return {}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_answers_as_the_document_says(program: Program, name: str, role: str) -> None:
    operation, call = OPERATIONS[name], CALLS[name]
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_cases(operation), works=st.booleans(), unknown=st.text(), draw=st.data())
    def try_out(case: Case, works: bool, unknown: str, draw: st.DataObject) -> None:
        caller = program.scene.account(role) if works else program.resident(role)
        options = _make_work(program.scene, caller, call, case, draw) if works else {}
        statuses[program.try_out(case, caller, params={"unknown": unknown}, **options)] += 1

    try_out()
    assert statuses.total() >= EXAMPLES
    if role == "user" and operation.definition.raw["x-role"] == "admin":
        assert set(statuses) == {403}
    else:
        assert call.answer in statuses, "not one call got through to what the operation does"
