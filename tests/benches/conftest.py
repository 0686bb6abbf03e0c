"""The benches are scripts beside the product; their folder joins the search path here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "build" / "benches"))
