"""A clock that only tests move."""

from datetime import UTC, datetime, timedelta

START = datetime(2031, 7, 4, 9, 15, 0, 123456, tzinfo=UTC)


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amounts: float) -> None:
        """Move forward by `timedelta(**amounts)`."""
        self.now += timedelta(**amounts)
