"""The errors of Lumilio: each class carries its HTTP status, each instance its fact.

`message` is a sentence for people; `str(error)` is the technical cause. Only `lumilio.api` turns
them into responses.
"""

from pathlib import Path
from typing import ClassVar


class LumilioError(Exception):
    """Base of every error that Lumilio raises on purpose."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, message: str | None = None, *, cause: str | None = None) -> None:
        super().__init__(cause or message or self.title)
        self.message = message or self.title
        self.cause = cause


class BadRequest(LumilioError):
    """The request cannot be understood or breaks a rule."""

    status = 400
    title = "Invalid request"


class Unauthorized(LumilioError):
    """There is no usable credential; `expired_token` tells clients that a refresh may help."""

    status = 401
    title = "Please sign in"

    def __init__(
        self,
        message: str | None = None,
        *,
        cause: str | None = None,
        expired_token: bool = False,
    ) -> None:
        super().__init__(message, cause=cause)
        self.expired_token = expired_token


class Forbidden(LumilioError):
    """The caller is known but may not do this."""

    status = 403
    title = "You are not allowed to do this"


class NotFound(LumilioError):
    """The thing asked for does not exist."""

    status = 404
    title = "Not found"


class Conflict(LumilioError):
    """The request contradicts what is already there."""

    status = 409
    title = "This conflicts with what is already there"


class MisdirectedRequest(LumilioError):
    """The request was meant for another host."""

    status = 421
    title = "This is not the host that the request was meant for"


class NotInitialized(Conflict):
    """Setup is not finished; the message is a key that clients know."""

    title = "app_not_initialized"

    def __init__(self) -> None:
        super().__init__("app_not_initialized", cause="app_not_initialized")


class TooLarge(LumilioError):
    """The request body is larger than the operation accepts."""

    status = 413
    title = "The request is too large"


class TooManyAttempts(LumilioError):
    """Too many attempts at a secret; `retry_after` seconds pass before the next is looked at."""

    status = 429
    title = "Too many attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts; try again in {retry_after} seconds")
        self.retry_after = retry_after


class StorageFull(LumilioError):
    """A disk has no room for the bytes."""

    status = 507
    title = "There is not enough free disk space"


class Unavailable(LumilioError):
    """A model or service that the request needs is not there."""

    status = 503
    title = "This is not available right now"


class RepositoryOffline(Unavailable):
    """The folder of a repository is not reachable now; its files may come back."""

    title = "The folder of the repository is not reachable; its disk may be disconnected"


class CannotDecode(LumilioError):
    """A file is not a picture that Lumilio can read; asking again does not help."""

    status = 422
    title = "This file cannot be read"

    def __init__(self, path: str | Path, why: str) -> None:
        super().__init__(why, cause=f"{Path(path).name}: {why}")
        self.path = str(path)
        self.why = why

    def __reduce__(self) -> tuple[type["CannotDecode"], tuple[str, str]]:
        return type(self), (self.path, self.why)


class CannotRead(LumilioError):
    """The disk does not give a file out now; asking again may help."""

    title = "The file cannot be read"
    advice = "Check its disk and who may read it, then process the file again"

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(
            f"{self.title} ({reason}). {self.advice}", cause=f"{Path(path).name}: {reason}"
        )
        self.path = str(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type["CannotRead"], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class DecoderFailed(LumilioError):
    """The decoder process crashed, hung or passed its memory limit."""

    title = "The decoder stopped working on this file"

    def __init__(self, why: str) -> None:
        super().__init__(why, cause=why)
        self.why = why

    def __reduce__(self) -> tuple[type["DecoderFailed"], tuple[str]]:
        return type(self), (self.why,)
