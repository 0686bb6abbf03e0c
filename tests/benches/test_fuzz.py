"""The short form of the `fuzz` proof: a few hundred damaged files, and every bomb."""

from pathlib import Path

import fuzz
import pytest
from _hostile import bombs, good_files, mutated


def test_some_hundred_damaged_files_and_all_bombs_leave_the_pool_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How long bombs take is for the bench, on a machine that does nothing else.
    monkeypatch.setattr(fuzz, "BOMB_SECONDS", 60.0)
    options = fuzz.parser().parse_args(
        ["--files", "300", "--seed", "11", "--media", str(tmp_path / "none"), "--no-large"]
    )
    assert fuzz.prove(options, tmp_path) == []


def test_a_damaged_file_can_be_made_again_from_its_number(tmp_path: Path) -> None:
    files = sorted(good_files(tmp_path).items())
    first = [mutated(files, number, 3) for number in range(50)]
    assert first == [mutated(files, number, 3) for number in range(50)]
    assert first != [mutated(files, number, 4) for number in range(50)]
    assert sum(content not in dict(files).values() for _, content in first) >= 48


def test_bombs_are_small() -> None:
    assert max(len(content) for _, content in bombs()) < 24 << 20


def test_what_has_no_sentence_and_what_costs_a_decoder_is_told() -> None:
    report = fuzz.Report()
    report.add("a.jpg", fuzz.Outcome("picture", "", 0.1))
    report.add("b.jpg", fuzz.Outcome("refused", "ValueError", 0.1))
    report.add("c.jpg", fuzz.Outcome("decoder lost", "The decoder crashed on this file", 0.1))
    assert report.outcomes == {"picture": 1, "refused": 1, "decoder lost": 1}
    assert [problem.partition(":")[0] for problem in report.broken] == ["b.jpg"]
    assert [name for name, _ in report.failures] == ["c.jpg"]
