"""Real files of many cameras through all three ways in: who arrives, and are the facts right?

Every picture of the sample set goes into a fresh library by `lumilio import`, by upload and by a
scan in place. The facts of each asset stand against what ExifTool read, as the set's manifest tells
it. Where ExifTool found no offset, the wall clock alone is compared: Lumilio may know the offset
from the GPS clock. Files that are broken or of no supported kind must be told apart in a sentence
and must not disturb the others.
"""

import argparse
import csv
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _facts_check import Agreement, compared
from _support import IMPORT, ROOT, Refused, Server, environment, print_table, serving, verdict
from blake3 import blake3

PROMISED_AGREEMENT = 0.98
STUCK_SECONDS = 60
DEFAULT_MEDIA = ROOT.parent / "shared" / "media"
_OTHER_MEDIA = ("audio/", "video/")
_NO_SENTENCE = re.compile(r"Traceback|Error\(|Exception|<class|^\S*$")


@dataclass(frozen=True)
class Sample:
    """A file of the set with its line of the manifest."""

    name: str
    path: Path
    truth: dict[str, str]
    content: str

    @property
    def is_good(self) -> bool:
        """Whether common decoders read it and it is not there to be refused."""
        return self.truth["theme"] != "corrupt" and ":ok" in self.truth["decode_outcome"]


@dataclass
class Arrival:
    """What became of a file: its asset, or the sentence with which it was refused."""

    asset: dict[str, Any] | None = None
    refusal: str = ""

    @property
    def state(self) -> str:
        """The asset's state, or `refused`."""
        return self.asset["processing"]["state"] if self.asset else "refused"

    @property
    def reason(self) -> str:
        """Why the file is not complete, in the program's words."""
        errors = self.asset["processing"].get("errors", []) if self.asset else []
        return self.refusal or "; ".join(dict.fromkeys(error["error"] for error in errors))


def read_samples(media: Path) -> list[Sample]:
    """The pictures of the set; audio, video and sidecars are for other benches."""
    with (media / "MANIFEST.csv").open(encoding="utf-8", newline="") as lines:
        truths = [truth for truth in csv.DictReader(lines) if _is_for_pictures(truth)]
    return [
        Sample(truth["file"], path, truth, blake3(path.read_bytes()).hexdigest())
        for truth in truths
        if (path := media / truth["file"]).is_file()
    ]


def _is_for_pictures(truth: dict[str, str]) -> bool:
    is_sidecar = truth["file"].endswith(".xmp")
    return not is_sidecar and not truth["mime"].startswith(_OTHER_MEDIA)


def by_upload(server: Server, repository_id: str, samples: list[Sample]) -> dict[str, Arrival]:
    """Send each file by POST /assets."""
    refusals = {}
    for sample in samples:
        try:
            server.client.upload(sample.path, repository_id)
        except Refused as error:
            refusals[sample.name] = str(error)
    return _arrivals(server, samples, refusals)


def by_command(server: Server, repository_id: str, samples: list[Sample]) -> dict[str, Arrival]:
    """Copy the files in by `lumilio import`."""
    # A narrow terminal would break paths and reasons into pieces.
    done = subprocess.run(
        [*IMPORT, "--home", str(server.home), *(str(sample.path) for sample in samples)],
        env=environment("", {}) | {"COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
    )
    refusals = {
        sample.name: line.partition(": ")[2]
        for sample in samples
        for line in done.stdout.splitlines()
        if line.startswith(f"{sample.path}: ")
    }
    return _arrivals(server, samples, refusals)


def by_scan(server: Server, repository_id: str, samples: list[Sample]) -> dict[str, Arrival]:
    """Index the files where they lie in the repository."""
    place = Path(server.client.call("GET", f"/repositories/{repository_id}")["path"])
    for sample in samples:
        (place / sample.name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample.path, place / sample.name)
    server.client.call("POST", f"/repositories/{repository_id}/scan", {})
    server.client.wait_until_idle(STUCK_SECONDS)
    assets = {asset["storage_path"]: asset for asset in server.client.assets()}
    passed_over = "passed over by the scan"
    return {
        sample.name: Arrival(assets.get(sample.name), "" if sample.name in assets else passed_over)
        for sample in samples
    }


def _arrivals(
    server: Server, samples: list[Sample], refusals: dict[str, str]
) -> dict[str, Arrival]:
    server.client.wait_until_idle(STUCK_SECONDS)
    assets = {asset["hash"]: asset for asset in server.client.assets()}
    return {
        sample.name: Arrival(assets.get(sample.content), refusals.get(sample.name, ""))
        for sample in samples
    }


WAYS: dict[str, Callable[[Server, str, list[Sample]], dict[str, Arrival]]] = {
    "lumilio import": by_command,
    "upload": by_upload,
    "scan in place": by_scan,
}


def prove(samples: list[Sample], work: Path, promised: float = PROMISED_AGREEMENT) -> list[str]:
    """Bring the samples in by every way and print what became of them; returns broken promises."""
    broken: list[str] = []
    arrivals: dict[str, dict[str, Arrival]] = {}
    for way, bring in WAYS.items():
        with serving(work / way.replace(" ", "-")) as (server, repository_id):
            arrivals[way] = bring(server, repository_id, samples)
            left = server.client.remaining()
        broken += [f"{way}: jobs are left: {left}"] if left else []
        print(f"{way}: {dict(Counter(a.state for a in arrivals[way].values()))}", flush=True)
    broken += _print_states(samples, arrivals)
    agreements = {way: Agreement() for way in arrivals}
    for way, found in arrivals.items():
        for sample in samples:
            asset = found[sample.name].asset
            # What the headers of corrupt files say is not worth comparing.
            if asset is not None and sample.truth["theme"] != "corrupt":
                agreements[way].add(sample.name, compared(asset, sample.truth))
    return broken + _print_agreement(agreements, promised)


def _print_states(samples: list[Sample], arrivals: dict[str, dict[str, Arrival]]) -> list[str]:
    broken = []
    print("\nNot complete:")
    for sample in samples:
        states = {way: found[sample.name] for way, found in arrivals.items()}
        for way, arrival in states.items():
            if sample.is_good and _is_supported(arrival) and arrival.state != "complete":
                broken.append(f"{way}: {sample.name} is {arrival.state}: {arrival.reason}")
            elif arrival.state != "complete" and _NO_SENTENCE.search(arrival.reason):
                broken.append(f"{way}: {sample.name} has no clear reason: {arrival.reason!r}")
        told = {f"{a.state}: {a.reason}": way for way, a in states.items() if a.state != "complete"}
        if told:
            print(f"  {sample.name}\n" + "\n".join(f"      {words}" for words in told))
    return broken


def _is_supported(arrival: Arrival) -> bool:
    return "not supported" not in arrival.refusal and "passed over" not in arrival.refusal


def _print_agreement(agreements: dict[str, Agreement], promised: float) -> list[str]:
    fields = list(dict.fromkeys(what for a in agreements.values() for what in a.compared))
    lines: list[Sequence[object]] = [["field", *agreements]]
    for what in fields:
        cells = [
            f"{a.compared[what] - len(a.misses.get(what, []))}/{a.compared[what]}"
            for a in agreements.values()
        ]
        lines.append([what, *cells])
    lines.append(["all", *(f"{a.share:.2%}" for a in agreements.values())])
    print()
    print_table(lines)
    print("\nDifferent from ExifTool:")
    for what in fields:
        told = dict.fromkeys(miss for a in agreements.values() for miss in a.misses.get(what, []))
        print("".join(f"  {what}: {miss}\n" for miss in told), end="")
    return [
        f"{way} agrees in {a.share:.2%} of the fields, promised are {promised:.0%}"
        for way, a in agreements.items()
        if a.share < promised
    ]


def main(arguments: list[str]) -> int:
    """Prove and print; the exit status is 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--media", type=Path, default=DEFAULT_MEDIA, help="folder of the samples")
    options = parser.parse_args(arguments)
    if not (options.media / "MANIFEST.csv").is_file():
        print(f"Skipped: there are no samples in {options.media}")
        return 0
    with tempfile.TemporaryDirectory(prefix="lumilio-media-") as work:
        return verdict(prove(read_samples(options.media), Path(work)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
