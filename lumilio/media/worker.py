"""Inside a decode worker: its limits, its calls, and its end when the program has gone.

Imports no decoder and no numpy: the limits must stand before these allocate and start threads.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from lumilio.media.export_options import ExportOptions
from lumilio.media.facts import Development, Task

EXIT_OVER_MEMORY = 77

_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_MEMORY_CHECK_S = 0.25
_WORD_S = 0.25
_NICE = 10
# Strikes after the pool's own time limit, so only where there is no pool any more.
_ALARM_GRACE_S = 15


def develop_photo(
    source: Path, *, thumbnails_dir: Path, stem: str, tasks: frozenset[Task]
) -> Development:
    """Call `develop`, loading the decoders only here."""
    from lumilio.media.develop import develop

    return develop(source, thumbnails_dir=thumbnails_dir, stem=stem, tasks=tasks)


def export_photo(source: Path, target: Path, options: ExportOptions) -> None:
    """Call `export`, loading the decoders only here."""
    from lumilio.media.export import export_photo

    export_photo(source, target, options)


def make_web_copy(kind: str, source: Path, target: Path, report: Callable[[float], None]) -> Any:
    """Make the web copy of a VIDEO or AUDIO file, loading FFmpeg only here."""
    if kind == "VIDEO":
        from lumilio.media.web_video import make_web_video

        return make_web_video(source, target, report)
    from lumilio.media.web_audio import make_web_audio

    return make_web_audio(source, target, report)


def convert(
    sender: Connection, memory_limit_bytes: int, make: Callable[..., Any], *arguments: object
) -> None:
    """Be a process that makes one web copy: send parts done as floats, then the outcome in a tuple."""
    set_limits(memory_limit_bytes)
    _give_way()
    said_at = 0.0

    def report(part: float) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= _WORD_S:
            said_at = time.monotonic()
            sender.send(float(part))

    try:
        outcome = make(*arguments, report)
    except Exception as error:
        error.add_note(traceback.format_exc())
        outcome = error
    sender.send((outcome,))


def _give_way() -> None:
    """Whoever looks at photos goes before a conversion that takes an hour anyway."""
    import psutil

    if sys.platform == "win32":
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        psutil.Process().nice(_NICE)


def crash(exit_code: int | None) -> str:
    """Name the signal that ended a worker, which is what a bug report needs."""
    try:
        cause = signal.Signals(-(exit_code or 0)).name
    except ValueError:
        cause = f"exit code {exit_code}"
    return f"The decoder crashed on this file ({cause}). Open it with another program, and save it anew"


def run(function: Callable[..., Any], timeout_s: float, /, *args: object, **kwargs: object) -> Any:
    """Run one call under an alarm; `timeout_s` is the pool's own limit.

    A decoder that hangs and keeps the interpreter's lock starves the watching thread; should the
    program be gone as well, only the kernel's alarm ends this process.
    """
    if sys.platform != "win32":
        signal.alarm(int(timeout_s) + _ALARM_GRACE_S)
    try:
        return function(*args, **kwargs)
    except Exception as error:
        error.add_note(traceback.format_exc())
        raise
    finally:
        if sys.platform != "win32":
            signal.alarm(0)


def set_limits(memory_limit_bytes: int) -> None:
    """One thread per decoder, a memory limit, no interrupt from the keyboard, an eye on the program."""
    for name in _THREAD_COUNTS:
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    is_limited = _limit_memory(memory_limit_bytes)
    watched_bytes = None if is_limited else memory_limit_bytes
    threading.Thread(target=_watch, args=(watched_bytes,), daemon=True).start()


def _limit_memory(limit_bytes: int) -> bool:
    """Let the kernel refuse memory beyond the limit; False where it does not keep such limits.

    Linux counts private writable memory (RLIMIT_DATA), so mapped libraries and files are free.
    """
    if not sys.platform.startswith("linux"):
        return False
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))
    # A crash is an everyday event here and must not fill the disk with memory images.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return True


def _watch(limit_bytes: int | None) -> None:
    """End this process when the program ends in whatever way, or when it passes its limit."""
    parent = multiprocessing.parent_process()
    sentinels = [parent.sentinel] if parent else []
    while not wait(sentinels, timeout=None if limit_bytes is None else _MEMORY_CHECK_S):
        if limit_bytes is not None and _resident_bytes() > limit_bytes:
            os._exit(EXIT_OVER_MEMORY)
    os._exit(0)


def _resident_bytes() -> int:
    import psutil

    resident: int = psutil.Process().memory_info().rss
    return resident
