"""The short form of the `faults` drill: each way with a kill, each other fault once; damage is seen."""

import random
from pathlib import Path

import apsw
import faults
import pytest
from _drill import Fault
from _fault_kinds import FAULTS, Kill
from _library_check import check_library
from _pictures import mixed_files
from _ways_in import WAYS, Way, by_command

FILES = 12
BY_NAME = {way.name: way for way in WAYS}
OTHERS = {"full": "upload", "read": "scan", "vanish": "chunks", "clock": "upload"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], set[Path]]:
    folder = tmp_path_factory.mktemp("sources")
    return mixed_files(folder, FILES, corrupt=2, repeated=1, seed=5)


@pytest.mark.parametrize("way", BY_NAME.values(), ids=lambda way: way.name)
def test_a_kill_loses_and_doubles_nothing(
    way: Way, files: tuple[list[Path], set[Path]], tmp_path: Path
) -> None:
    # The command line needs its time to start before there is anything to kill.
    moment = random.Random(way.name).uniform(0, 1) + (1 if way.send is by_command else 0)
    _loses_and_doubles_nothing(Kill(random.Random(5)), way, (moment, 0), files, tmp_path)


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_fault_loses_or_doubles_anything(
    name: str, files: tuple[list[Path], set[Path]], tmp_path: Path
) -> None:
    kind = FAULTS[name]
    if reason := kind.missing():
        pytest.skip(reason)
    moment = (random.Random(name).uniform(0, 0.3), 1.0)
    way = BY_NAME[OTHERS[name]]
    _loses_and_doubles_nothing(kind(random.Random(5)), way, moment, files, tmp_path)


def _loses_and_doubles_nothing(
    fault: Fault,
    way: Way,
    moment: tuple[float, float],
    files: tuple[list[Path], set[Path]],
    work: Path,
) -> None:
    drill = faults.run_round(fault, way, [moment], work, *files)
    assert drill.violations == []
    assert len(drill.acknowledged) == FILES
    assert len(drill.strikes) == 1


def test_damage_is_seen(files: tuple[list[Path], set[Path]], tmp_path: Path) -> None:
    pictures, corrupt = files
    drill = faults.run_round(
        Fault(random.Random(5)), BY_NAME["upload"], [], tmp_path, pictures, corrupt
    )
    assert drill.violations == []
    contents = {file.read_bytes(): file for file in pictures if file not in corrupt}
    good = list(contents.values())

    originals = sorted((drill.repository / "inbox").rglob("*.*"))
    by_content = {file.read_bytes(): file for file in originals}
    by_content[good[0].read_bytes()].unlink()
    by_content[good[1].read_bytes()].write_bytes(b"changed")
    (drill.repository / ".lumilio" / "staging" / "incoming" / "left").write_bytes(b"over")
    database = apsw.Connection(str(drill.server.home / "lumilio.db"))
    database.execute("UPDATE jobs SET state = 'running' WHERE id = 1")
    database.close()
    strange = tmp_path / "strange.jpg"
    strange.write_bytes(b"never imported")

    told = list(
        check_library(
            drill.server.home, drill.repository, drill.acknowledged | {strange: ""}, corrupt
        )
    )

    assert {words.split(":")[0] for words in told} == {"LOST", "CHANGED", "LEFT OVER", "STUCK"}
    assert len([words for words in told if words.startswith("LOST")]) == 2
