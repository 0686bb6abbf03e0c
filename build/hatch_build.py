"""Hatch build hook: compiles the web client into the wheel."""

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parents[1]


class WebClientHook(BuildHookInterface):
    """Runs the same build of the client as `python3 build web`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable install serves the client from the source tree, built when it is needed.
        if version != "editable":
            _web().build(force=True)


def _web() -> Any:
    spec = importlib.util.spec_from_file_location("lumilio_build_web", ROOT / "build" / "web.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
