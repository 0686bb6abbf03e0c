"""`lumilio config`: the settings in force, and what is wrong with them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from lumilio.settings import InvalidSettings, load, load_with_sources


def show(flags: Mapping[str, Any]) -> None:
    """Print every setting in the manner of the file, with its source; raises InvalidSettings.

    None of them is a secret.
    """
    settings, sources = load_with_sources(flags)
    for name, value in msgspec.structs.asdict(settings).items():
        # Strings, numbers and arrays look the same in TOML.
        print(f"{name} = {msgspec.json.encode(value).decode()}  # {sources.get(name, 'default')}")


def check(flags: Mapping[str, Any]) -> int:
    """Print every problem on a line of its own; the exit status is 1 when there is one."""
    try:
        load(flags)
    except InvalidSettings as error:
        print("\n".join(error.problems))
        return 1
    print("The settings can be used.")
    return 0
