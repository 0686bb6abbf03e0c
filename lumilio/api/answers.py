"""Errors as answers: one shape for all of them."""

import msgspec
from starlette.responses import Response

from lumilio.api.openapi import Error
from lumilio.errors import LumilioError, TooManyAttempts, Unauthorized


def error_answer(error: LumilioError) -> Response:
    """The answer that tells an error to a client."""
    # What broke inside is for the log; outside it would show paths of this machine.
    cause = error.cause if error.status < 500 else None
    headers: dict[str, str] = {}
    if isinstance(error, Unauthorized):
        detail = ' error="invalid_token"' if error.expired_token else ""
        headers["www-authenticate"] = f"Bearer{detail}"
    if isinstance(error, TooManyAttempts):
        headers["retry-after"] = str(error.retry_after)
    return json_answer(Error(error.status, error.message, cause or ""), headers)


def json_answer(body: Error, headers: dict[str, str] | None = None) -> Response:
    """An error body as it goes out."""
    return Response(
        msgspec.json.encode(body),
        status_code=body.code,
        media_type="application/json; charset=utf-8",
        headers=headers,
    )
