"""Playing a library's videos and recordings in the system's Chromium."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from _support import Client
from playwright.sync_api import Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = [
    # The sandbox needs rights that containers lack.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
]
_PATIENCE_MS = 30_000
_PLAY = """
async ([tag, address, patience]) => {
  const element = document.createElement(tag);
  element.muted = true;
  document.body.append(element);
  const outcome = await new Promise((resolve) => {
    const timer = setTimeout(() => resolve({fault: 'no event for too long'}), patience);
    const end = (found) => { clearTimeout(timer); resolve(found); };
    let ready = false;
    element.oncanplay = () => { ready = true; element.play(); };
    // A very short one may end before the clock is looked at.
    const look = () => ready && element.currentTime > 0 && end({at: element.currentTime});
    element.ontimeupdate = look;
    element.onended = look;
    element.onerror = () => end({fault: element.error.message});
    element.src = address;
  });
  const size = [element.videoWidth || 0, element.videoHeight || 0];
  element.remove();
  return {at: outcome.at || 0, fault: outcome.fault || '', size};
}
"""


@dataclass
class Played:
    """How far a file was played, in which size it was shown, and what kept it from it."""

    at: float
    width: int
    height: int
    fault: str

    @property
    def moved(self) -> bool:
        """Whether the clock of the player moved."""
        return self.at > 0

    @property
    def told(self) -> str:
        """The outcome in a word."""
        size = f" {self.width}×{self.height}" if self.width else ""
        return f"yes{size}" if self.moved else "NO"


def play_all(client: Client, ways: Mapping[str, tuple[str, str]]) -> dict[str, Played]:
    """Play assets, given by name as id and type; each must begin within half a minute."""
    token = client.call("GET", "/auth/media-token")["token"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        page = browser.new_page()
        # Any page of the server that may play media will do to stand on.
        page.goto(f"{client.url}/api/docs")
        played = {
            name: _played(page, asset_id, kind, token) for name, (asset_id, kind) in ways.items()
        }
        browser.close()
    return played


def _played(page: Page, asset_id: str, kind: str, token: str) -> Played:
    tag = kind.lower()
    address = f"/api/v1/assets/{asset_id}/{tag}/web?mt={token}"
    found = page.evaluate(_PLAY, [tag, address, _PATIENCE_MS])
    return Played(found["at"], *found["size"], found["fault"])
