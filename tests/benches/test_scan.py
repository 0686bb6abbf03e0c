"""The short form of the `scan` bench: everything but its figures."""

from pathlib import Path

import pytest
import scan

FEW, MANY = 20, 60


def _result(
    files: int, registered: float, scanned: float, *, walk: float, grown: int = 0
) -> scan.Result:
    return scan.Result(
        files, [registered], [registered], scanned, [scanned], [walk], before=100, peak=100 + grown
    )


def test_few_and_many_files_are_registered_and_scanned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "WORTH_TIMING", 40)
    for files in (FEW, MANY):
        result = scan.measure(files, tmp_path, rounds=2)

        assert result.wrong == []
        assert result.registered > 0
        assert len(result.registrations) == {FEW: 3, MANY: 1}[files]
        assert len(result.scans) == len(result.walks) == {FEW: 4, MANY: 2}[files]
        assert min(*result.scans, *result.walks) > 0
        assert result.peak >= result.before > 0


def test_the_plain_walk_finds_every_file(tmp_path: Path) -> None:
    scan.lay(tmp_path / "Photos", 1_100)

    assert len({file.read_bytes() for file in tmp_path.rglob("*.JPG")}) == 1_100
    assert scan.plain_walk(tmp_path / "Photos", 1_100) > 0


def test_kept_promises_are_not_complained_about(capsys: pytest.CaptureFixture[str]) -> None:
    few = _result(1_000, 0.2, 0.02, walk=0.005)
    many = _result(100_000, 20.0, 2.0, walk=0.5, grown=1_000)
    many.scans += [90.0, 1.9]

    assert scan.report(few, many) == []
    assert "50,000" in capsys.readouterr().out


def test_broken_promises_are_told() -> None:
    few = _result(1_000, 0.2, 0.02, walk=0.005)
    few.wrong.append("a scan found 1 new")
    many = _result(100_000, 60.0, 6.0, walk=0.5, grown=100_000_000)

    assert scan.report(few, many) == [
        "a scan found 1 new",
        "a scan that finds nothing passes 16,667 files/s",
        "1,667 files/s are registered",
        "registering one of many files costs 3.00 of what one of few costs",
        "scanning one of many files costs 3.00 of what one of few costs",
        "a scan needs 100 MB",
    ]


def test_a_slow_disk_excuses_a_slow_scan() -> None:
    few = _result(1_000, 0.2, 0.5, walk=0.2)
    many = _result(100_000, 20.0, 50.0, walk=20.0)

    assert scan.report(few, many) == []
