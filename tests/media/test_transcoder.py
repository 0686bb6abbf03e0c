import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from lumilio.errors import CannotDecode, DecoderFailed
from lumilio.media.transcoder import Transcoder, TranscodeStopped
from tests.support import clips
from tests.support.contract import ROOT
from tests.support.waiting import wait_until

from .conversions import act


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Do one deed in a process of its own."""

    def call(deed: str, on_progress: Any = lambda part: True, **options: Any) -> Any:
        transcoder = Transcoder(convert=act, **options)
        return transcoder.run(deed, tmp_path / "pid", tmp_path / "copy", on_progress)

    return call


def _is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_conversion_has_a_process_of_its_own(tmp_path: Path, run: Callable[..., Any]) -> None:
    pids = {run("finish"), run("finish")}
    assert os.getpid() not in pids
    assert len(pids) == 2
    assert (tmp_path / "copy").read_bytes() == b"half a copy"
    assert all(_is_gone(pid) for pid in pids)


def test_progress_is_told_and_stops_the_conversion(tmp_path: Path, run: Callable[..., Any]) -> None:
    told: list[float] = []

    def on_progress(part: float) -> bool:
        told.append(part)
        return part < 0.5

    with pytest.raises(TranscodeStopped):
        run("work on", on_progress)
    assert told[-1] == 0.5
    assert not (tmp_path / "copy").exists()
    assert _is_gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    ("deed", "error", "why"),
    [
        ("raise", OSError, "No space left"),
        pytest.param(
            "crash",
            DecoderFailed,
            "SIGSEGV",
            marks=pytest.mark.skipif(os.name == "nt", reason="no such signal"),
        ),
    ],
)
def test_a_failed_conversion_is_told_and_leaves_nothing(
    tmp_path: Path, run: Callable[..., Any], deed: str, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        run(deed)
    assert not (tmp_path / "copy").exists()


def test_memory_is_limited(run: Callable[..., Any]) -> None:
    with pytest.raises(DecoderFailed, match="more than 300 MB"):
        run("eat", memory_limit_bytes=300 << 20)


def test_one_that_hangs_is_ended(tmp_path: Path, run: Callable[..., Any]) -> None:
    with pytest.raises(DecoderFailed, match=r"silent for 1\.5 s"):
        run("hang", silence_s=1.5)
    assert not (tmp_path / "copy").exists()


def test_closing_stops_what_runs_and_lets_nothing_begin(tmp_path: Path) -> None:
    transcoder = Transcoder(convert=act)
    outcome: list[BaseException] = []

    def convert() -> None:
        try:
            transcoder.run("hang", tmp_path / "pid", tmp_path / "copy", lambda part: True)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=convert)
    thread.start()
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    transcoder.close()
    thread.join(20)
    assert [type(error) for error in outcome] == [TranscodeStopped]
    assert not (tmp_path / "copy").exists()
    with pytest.raises(TranscodeStopped):
        transcoder.run("finish", tmp_path / "pid", tmp_path / "copy", lambda part: True)


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_a_conversion_ends_with_the_program(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from lumilio.media.transcoder import Transcoder\n"
        "from tests.media.conversions import act\n"
        "if __name__ == '__main__':\n"
        "    folder = Path(sys.argv[1])\n"
        "    Transcoder(convert=act).run(\n"
        "        'work on', folder / 'pid', folder / 'copy', lambda part: True)\n"
    )
    program = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    pid = int(wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    program.kill()
    program.wait()
    wait_until(lambda: _is_gone(pid), what="the end of the conversion")


def test_real_copies_are_made(tmp_path: Path) -> None:
    transcoder = Transcoder()
    video = clips.video(tmp_path / "a.mkv", codec="mpeg4")
    assert transcoder.run("VIDEO", video, tmp_path / "web.mp4", lambda part: True) is True
    assert (tmp_path / "web.mp4").stat().st_size
    sound = clips.recording(tmp_path / "a.aiff", codec="pcm_s16be")
    made = transcoder.run("AUDIO", sound, tmp_path / "web.mp3", lambda part: True)
    assert made.is_copied
    assert (tmp_path / "web.mp3").stat().st_size
    (tmp_path / "b.mp4").write_bytes(b"nothing")
    with pytest.raises(CannotDecode, match="The file is"):
        transcoder.run("VIDEO", tmp_path / "b.mp4", tmp_path / "b", lambda part: True)
