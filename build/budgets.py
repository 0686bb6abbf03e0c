"""Size budgets of the code: rooms stay small enough to see into."""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# (what, median, nine in ten, hard stop) in lines
MODULES = ("module", 150, 400, 600)
FUNCTIONS = ("function", 10, 35, 80)


def main() -> int:
    """Print what is over budget; the exit status is 1 when anything is."""
    files = sorted((ROOT / "lumilio").rglob("*.py"))
    modules = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in files
        if path.stat().st_size
    }
    functions = {name: lines for path in files for name, lines in _functions(path)}
    problems = [*_over(modules, *MODULES), *_over(functions, *FUNCTIONS)]
    for problem in problems:
        print(problem)
    print(f"{len(modules)} modules, {len(functions)} functions: ", end="")
    print("over budget" if problems else "within budget")
    return 1 if problems else 0


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            name = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
            yield name, node.end_lineno - node.lineno + 1


def _over(
    sizes: dict[str, int], what: str, median: int, most: int, hard_stop: int
) -> Iterator[str]:
    lengths = sorted(sizes.values())
    if (found := statistics.median(lengths)) > median:
        yield f"the median {what} has {found:g} lines, more than {median}"
    if (found := lengths[len(lengths) * 9 // 10]) > most:
        yield f"one {what} in ten has {found} lines or more, more than {most}"
    for name, length in sizes.items():
        if length > hard_stop:
            yield f"{name} has {length} lines, more than {hard_stop}"


if __name__ == "__main__":
    sys.exit(main())
