import importlib
import itertools
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from lumilio.errors import DecoderFailed
from lumilio.media.pool import DecodePool

HERE = Path(__file__).parent
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_DATA is Linux")


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """The misbehaving function, importable by workers."""
    monkeypatch.syspath_prepend(HERE)
    function: Callable[..., object] = importlib.import_module("decoder_faults").act
    return function


@pytest.fixture
def pool(act: Callable[..., object]) -> Iterator[DecodePool]:
    with DecodePool(2, timeout_s=20, memory_limit_bytes=400 << 20, function=act) as pool:
        yield pool


def test_a_real_photo_goes_through(tmp_path: Path, corners: Image.Image) -> None:
    corners.save(tmp_path / "a.jpg")
    with DecodePool(1) as pool:
        development = pool.develop(tmp_path / "a.jpg", thumbnails_dir=tmp_path, stem="a")
    assert development.thumbnail_error is None
    assert [found.path.exists() for found in development.thumbnails] == [True] * 3
    assert (development.width, development.height) == (96, 64)


@posix
@pytest.mark.parametrize(
    ("deed", "why"), [("exit", "exit code 3"), ("segfault", "SIGSEGV"), ("vanish", "SIGKILL")]
)
def test_a_crash_is_told_and_the_pool_goes_on(pool: DecodePool, deed: str, why: str) -> None:
    with pytest.raises(DecoderFailed, match=f"The decoder crashed on this file .{why}."):
        pool.call(deed)
    assert pool.call("echo", 1)[:2] == ("echo", (1,))


def test_crashes_spare_the_others(pool: DecodePool) -> None:
    def outcome(index: int) -> object:
        try:
            return pool.call("exit" if index % 4 == 0 else "echo", index)[1]
        except DecoderFailed:
            return "failed"

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(outcome, range(24)))
    assert outcomes == ["failed" if index % 4 == 0 else (index,) for index in range(24)]


def test_a_hanging_decoder_is_ended(act: Callable[..., object]) -> None:
    with DecodePool(2, timeout_s=1, function=act) as pool:
        with ThreadPoolExecutor(2) as threads:
            hanging = threads.submit(pool.call, "hang")
            assert pool.call("echo", 2)[1] == (2,)
            with pytest.raises(DecoderFailed, match="The decoder took longer than 1 s"):
                hanging.result()
        assert pool.call("echo", 3)[1] == (3,)


def test_waiting_for_a_worker_does_not_count_as_time(act: Callable[..., object]) -> None:
    with DecodePool(1, timeout_s=1.0, function=act) as pool, ThreadPoolExecutor(12) as threads:
        assert len(list(threads.map(lambda index: pool.call("busy", index), range(12)))) == 12


def test_a_clock_that_is_set_ends_no_decoder(
    act: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    with DecodePool(1, timeout_s=60, function=act) as pool, ThreadPoolExecutor(1) as threads:
        assert pool.call("echo", 1)[1] == (1,)
        calls = threads.submit(lambda: [pool.call("busy", index)[1] for index in range(5)])
        for day in itertools.cycle((86_400, 0)):
            monkeypatch.setattr(time, "time", lambda day=day: real() + day)
            if wait([calls], timeout=0.1).done:
                break
        assert calls.result() == [(index,) for index in range(5)]


def test_memory_is_limited(pool: DecodePool) -> None:
    with pytest.raises(DecoderFailed, match="The decoder needed more than 400 MB of memory"):
        pool.call("eat")
    assert pool.call("echo", 4)[1] == (4,)


def test_without_kernel_limits_the_worker_watches_itself() -> None:
    """What Windows and macOS do, whose kernels keep no such limit."""
    faults = HERE / "decoder_faults.py"
    script = textwrap.dedent(
        f"""
        import multiprocessing, sys
        sys.path.insert(0, {str(faults.parent)!r})
        from lumilio.media import worker
        worker._limit_memory = lambda limit_bytes: False
        import decoder_faults
        worker.set_limits(200 << 20)
        decoder_faults.act("eat")
        """
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == 77


@linux
def test_workers_start_with_their_limits(pool: DecodePool) -> None:
    threads, memory, alarm, ignores_interrupt = pool.call("limits")
    assert (threads, memory, ignores_interrupt) == ("1", 400 << 20, True)
    assert 30 < alarm <= 35


def test_errors_of_the_task_come_through(pool: DecodePool) -> None:
    with pytest.raises(OSError, match="No space left"):
        pool.call("disk full")
    with pytest.raises(ValueError, match="odd") as caught:
        pool.call("raise", "odd")
    assert "decoder_faults.py" in caught.value.__notes__[0]


@posix
def test_an_idle_worker_may_be_killed(pool: DecodePool) -> None:
    for _ in range(3):
        worker = psutil.Process(pool.call("echo")[2])
        worker.kill()
        # Not wait(): that would take the exit code, which is the pool's to read.
        wait_until(lambda worker=worker: worker.status() == psutil.STATUS_ZOMBIE)
        assert pool.call("echo", 5)[1] == (5,)


def test_closing_ends_all_workers_in_time(act: Callable[..., object], tmp_path: Path) -> None:
    pool = DecodePool(1, function=act)
    mark = tmp_path / "pid"
    outcome: list[Exception] = []

    def hang() -> None:
        try:
            pool.call("mark and hang", str(mark))
        except DecoderFailed as error:
            outcome.append(error)

    thread = threading.Thread(target=hang)
    thread.start()
    worker = wait_for_pid(mark)
    begin = time.monotonic()
    pool.close(timeout_s=0.2)
    thread.join(10)
    assert time.monotonic() - begin < 10
    assert [str(error) for error in outcome] == ["The decoder was stopped"]
    assert not worker.is_running()


def test_a_closed_pool_refuses_work(act: Callable[..., object]) -> None:
    pool = DecodePool(1, function=act)
    pool.close()
    pool.close()
    with pytest.raises(DecoderFailed, match="The decoder was stopped"):
        pool.call("echo")


@posix
@pytest.mark.parametrize("deed", ["busy worker", "idle worker"])
def test_workers_end_when_the_program_is_killed(tmp_path: Path, deed: str) -> None:
    mark = tmp_path / "pid"
    script = tmp_path / "program.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys, threading, pathlib
            sys.path[:0] = [{str(HERE)!r}, {str(HERE.parents[1])!r}]
            import decoder_faults
            from lumilio.media.pool import DecodePool
            if __name__ == "__main__":
                pool = DecodePool(1, function=decoder_faults.act)
                if {deed!r} == "idle worker":
                    pid = pool.call("echo")[2]
                    pathlib.Path({str(mark)!r}).write_text(str(pid))
                    threading.Event().wait()
                pool.call("mark and hang", {str(mark)!r})
            """
        )
    )
    with subprocess.Popen([sys.executable, script]) as program:
        worker = wait_for_pid(mark)
        program.kill()
    _, alive = psutil.wait_procs([worker], timeout=10)
    assert not alive


@linux
def test_receiving_results_loads_no_decoder() -> None:
    script = (
        "import sys, lumilio.media.pool\n"
        "heavy = {'exiv2', 'numpy', 'rawpy', 'pillow_heif', 'imagehash', 'scipy'}\n"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or None)"
    )
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def wait_for_pid(mark: Path) -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if mark.exists() and (text := mark.read_text()):
            return psutil.Process(int(text))
        threading.Event().wait(0.01)
    raise AssertionError("the worker did not start")
