"""What decoders do at their worst; imported by the pool's workers in place of `develop`."""

import os
import signal
import threading
import time
from pathlib import Path

_hoard: list[bytearray] = []


def act(deed: str, *arguments: object) -> object:
    """Do one deed in the worker; harmless ones answer with their arguments and the process id."""
    match deed:
        case "exit":
            os._exit(3)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "vanish":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            threading.Event().wait()
        case "eat":
            for _ in range(10_000):
                _hoard.append(bytearray(os.urandom(1 << 20)))
        case "raise":
            raise ValueError(*arguments)
        case "disk full":
            raise OSError(28, "No space left on device")
        case "mark and hang":
            Path(str(arguments[0])).write_text(str(os.getpid()))
            threading.Event().wait()
        case "limits":
            import resource

            return (
                os.environ["OPENBLAS_NUM_THREADS"],
                resource.getrlimit(resource.RLIMIT_DATA)[0],
                signal.getitimer(signal.ITIMER_REAL)[0],
                signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
            )
        case "busy":
            end = time.monotonic() + 0.2
            while time.monotonic() < end:
                pass
    return deed, arguments, os.getpid()
