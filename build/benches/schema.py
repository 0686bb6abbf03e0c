"""A thousand calls of every operation, as a user and as an administrator.

The calls of `tests/contract/test_schema.py`, which is its short form, and many more: no answer may
be a server error or other than the document says.
"""

import argparse
import os
import subprocess
import sys

from _support import ROOT

EXAMPLES = 1000


def main(arguments: list[str]) -> int:
    """Run the test with many examples; the exit status is 1 when an answer is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="calls of each operation")
    options = parser.parse_args(arguments)
    environment = os.environ | {"SCHEMA_EXAMPLES": str(options.examples)}
    test = [sys.executable, "-m", "pytest", "-q", "tests/contract/test_schema.py"]
    return subprocess.call(test, cwd=ROOT, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
