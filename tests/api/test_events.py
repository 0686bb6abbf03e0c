"""The event stream of a whole program: what clients are told, and when the stream ends."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lumilio.api import events
from tests.conftest import Running
from tests.support.api import Api
from tests.support.photos import jpeg
from tests.support.streams import Stream
from tests.support.waiting import wait_until

Listen = Callable[[Api], Stream]


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "GATHER_SECONDS", 0.05)


@pytest.fixture
def listen() -> Iterator[Listen]:
    streams: list[Stream] = []

    def listen(api: Api) -> Stream:
        streams.append(Stream(api))
        return streams[-1]

    yield listen
    for stream in streams:
        stream.close()


@pytest.fixture
def admin(running: Running) -> Api:
    admin = running.api.register("admin")
    admin.create_primary()
    return admin


def test_a_stream_is_one_of_events_and_is_not_stored(admin: Api, listen: Listen) -> None:
    headers = listen(admin).response.headers
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"


def test_an_upload_is_told_from_its_arrival_to_its_thumbnail(admin: Api, listen: Listen) -> None:
    stream = listen(admin)
    receipt = admin.uploaded("a.jpg", jpeg())

    def is_complete() -> bool:
        states = {change["asset_id"]: change["state"] for change in stream.changed("assets")}
        return states.get(receipt["asset_id"]) == "complete"

    wait_until(is_complete, what="the finished asset")
    wait_until(lambda: _ended(stream, receipt["asset_id"]) == {"ingest_asset", "thumbnail_asset"})
    assert not any(data["truncated"] for data in stream.data_of("assets"))
    assert not any(change["is_deleted"] for change in stream.changed("assets"))


def _ended(stream: Stream, asset_id: str) -> set[str]:
    return {
        job["kind"]
        for job in stream.changed("jobs")
        if job["state"] == "completed" and job["asset_id"] == asset_id
    }


def test_an_account_hears_nothing_of_what_belongs_to_others(admin: Api, listen: Listen) -> None:
    ben, carl = admin.register("ben"), admin.register("carl")
    hears_ben, hears_carl, hears_all = listen(ben), listen(carl), listen(admin)
    of_ben = ben.uploaded("b.jpg", jpeg(1))["asset_id"]
    of_carl = carl.uploaded("c.jpg", jpeg(2))["asset_id"]
    for stream in (hears_ben, hears_carl, hears_all):
        wait_until(lambda stream=stream: stream.changed("assets"))

    def ids(stream: Stream) -> set[str]:
        told = stream.changed("assets") + stream.changed("jobs")
        return {change["asset_id"] for change in told}

    wait_until(lambda: ids(hears_all) == {of_ben, of_carl})
    wait_until(lambda: len(_ended(hears_ben, of_ben)) == 2)
    wait_until(lambda: len(_ended(hears_carl, of_carl)) == 2)
    assert ids(hears_ben) == {of_ben}
    assert ids(hears_carl) == {of_carl}


def test_only_administrators_hear_of_scans_and_which_repositories(
    admin: Api, listen: Listen
) -> None:
    ben = admin.register("ben")
    hears_ben, hears_all = listen(ben), listen(admin)
    repository = admin.ok("POST", "/repositories", {"name": "Family"})["repository"]
    (Path(repository["path"]) / "one.jpg").write_bytes(jpeg())
    admin.ok("POST", f"/repositories/{repository['id']}/scan")
    wait_until(lambda: any(run["status"] == "completed" for run in hears_all.changed("scans")))
    run = hears_all.changed("scans")[-1]
    assert run == admin.ok("GET", f"/repositories/{repository['id']}/scans/latest")
    assert repository["id"] in hears_all.changed("repositories")
    # The picture belongs to the administrator; of the new repository Ben only learns to look again.
    wait_until(lambda: hears_ben.data_of("assets"))
    assert {name for name, _ in hears_ben.told} == {"ready", "assets", "repositories"}
    assert hears_ben.changed("repositories") == []
    assert hears_ben.changed("assets") == []
    assert all(data["truncated"] for data in hears_ben.data_of("assets"))


def test_chunks_are_told_to_the_account_that_sends_them(admin: Api, listen: Listen) -> None:
    ben = admin.register("ben")
    hears_ben, hears_all = listen(ben), listen(admin)
    content = jpeg(3)
    files = {"chunk_tell-me_0_2": ("a.jpg", content[:100])}
    ben.ok("POST", "/assets/batch", files=files)
    wait_until(lambda: hears_ben.changed("uploads"))
    assert hears_ben.changed("uploads")[0]["received"] == [0]
    ben.ok("POST", "/assets/batch", files={"chunk_tell-me_1_2": ("a.jpg", content[100:])})
    wait_until(lambda: hears_ben.changed("uploads")[-1]["status"] == "completed")
    assert hears_all.changed("uploads") == []


def test_pausing_a_queue_is_told(admin: Api, listen: Listen) -> None:
    stream = listen(admin)
    admin.ok("POST", "/admin/river/queues/process_ocr/pause")
    wait_until(
        lambda: stream.data_of("jobs") == [{"type": "jobs", "changed": [], "truncated": True}]
    )


def test_a_quiet_stream_shows_that_it_lives(
    admin: Api, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    stream = listen(admin)
    wait_until(lambda: stream.heartbeats > 2)
    assert {name for name, _ in stream.told} == {"ready"}


def test_a_stream_ends_with_its_session(
    admin: Api, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    ben = admin.register("ben")
    stream = listen(ben)
    ben.ok("POST", "/auth/logout", {"refreshToken": ben.session["refreshToken"]})
    wait_until(lambda: stream.has_ended)


def test_open_streams_do_not_hold_up_the_end_of_the_program(
    running: Running, admin: Api, listen: Listen
) -> None:
    streams = [listen(admin) for _ in range(5)]
    running.stop()
    wait_until(lambda: all(stream.has_ended for stream in streams), seconds=3)


def test_a_stream_that_hung_up_makes_room(
    admin: Api, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_STREAMS", 1)
    first = listen(admin)
    refused = admin.get("/events")
    assert refused.status_code == 503
    first.close()

    def is_welcome() -> bool:
        return admin.call("HEAD", "/events").status_code == 200

    wait_until(is_welcome)
    wait_until(lambda: not listen(admin).has_ended)


def test_head_answers_without_a_stream(admin: Api) -> None:
    response = admin.call("HEAD", "/events")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer x"}])
def test_a_stream_needs_an_account(admin: Api, headers: dict[str, Any]) -> None:
    assert admin.anonymous().get("/events", headers=headers).status_code == 401


def test_a_media_token_opens_no_stream(admin: Api) -> None:
    query = {"mt": admin.media_token()}
    assert admin.anonymous().get("/events", params=query).status_code == 401
