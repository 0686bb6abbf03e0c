"""The short form of the `faults` drill: each way once with a kill, and proof that it sees damage."""

import random
from pathlib import Path

import apsw
import faults
import pytest
from _library_check import check_library
from _pictures import small_files
from _ways_in import WAYS, Way, by_command

FILES = 12


@pytest.fixture
def files(tmp_path: Path) -> tuple[list[Path], set[Path]]:
    return small_files(tmp_path / "files", FILES, corrupt=2, seed=5)


@pytest.mark.parametrize("way", {way.name: way for way in WAYS}.values(), ids=lambda w: w.name)
def test_a_kill_loses_and_doubles_nothing(
    way: Way, files: tuple[list[Path], set[Path]], tmp_path: Path
) -> None:
    pictures, corrupt = files
    # The command line needs its time to start before there is anything to kill.
    moment = random.Random(way.name).uniform(0, 1) + (1 if way.send is by_command else 0)

    drill = faults.run_round(way, [moment], tmp_path, pictures, corrupt)

    assert drill.violations == []
    assert len(drill.acknowledged) == FILES
    assert len(drill.kills) == 1


def test_damage_is_seen(files: tuple[list[Path], set[Path]], tmp_path: Path) -> None:
    pictures, corrupt = files
    drill = faults.run_round(WAYS[0], [], tmp_path, pictures, corrupt)
    assert drill.violations == []
    good = [file for file in pictures if file not in corrupt]

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
