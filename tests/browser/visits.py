"""What a visitor sees, and everything about it that should not happen."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page


@dataclass
class Visit:
    """One visitor's page, and the faults noticed on it."""

    context: BrowserContext
    page: Page
    url: str
    screenshots: Path
    name: str
    faults: list[str] = field(default_factory=list)
    _shots: int = 0

    def shot(self, name: str, *, dark: bool = True) -> None:
        """Save the screen in light, and in dark if wanted; nothing may stick out sideways."""
        for scheme in ("light", "dark") if dark else ("light",):
            self.page.emulate_media(color_scheme=scheme)
            path = self.screenshots / f"{self.name}-{self._shots:02d}-{name}-{scheme}.png"
            self.page.screenshot(path=path, animations="disabled")
        self.page.emulate_media(color_scheme="light")
        self._shots += 1
        overflow = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{name} is {overflow} px too wide"

    def expect_calm(self) -> None:
        """No error in the console, no crash, and no request to anybody else."""
        assert not self.faults, "\n".join(self.faults)


def watch(visit: Visit) -> None:
    """Note requests to other hosts, messages in the console and crashes."""
    own = urlsplit(visit.url).netloc

    def requested(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != own:
            visit.faults.append(f"request to {request.url}")

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            visit.faults.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    visit.page.on("request", requested)
    visit.page.on("console", said)
    visit.page.on("pageerror", lambda error: visit.faults.append(f"crash: {error}"))
