"""Talking to a language model over the interface that all providers share."""

from urllib.parse import urlsplit

import httpx2

from lumilio import outbound
from lumilio.errors import BadRequest
from lumilio.library import system_settings
from lumilio.library.context import Context
from lumilio.library.system_settings import LlmSettingsPatch, Provider, StoredLlm
from lumilio.outbound import AddressRefused

VALIDATION_SECONDS = 15.0
_DEFAULT_URLS: dict[Provider, str] = {
    "ark": "https://ark.cn-beijing.volces.com/api/v3",
    "openai": "https://api.openai.com/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "ollama": "http://localhost:11434/v1",
}


def validate(ctx: Context, draft: LlmSettingsPatch) -> None:
    """Ask the language model for one word, as it would be; raises BadRequest with the cause."""
    llm = system_settings.drafted(ctx, draft)
    if not llm.is_configured:
        raise BadRequest("The language model is not set up completely")
    question: dict[str, object] = {
        "model": llm.model_name,
        "messages": [
            {"role": "system", "content": "Answer with OK and nothing else."},
            {"role": "user", "content": "OK"},
        ],
    }
    try:
        answer = _post(ctx, llm, question)
    except AddressRefused as error:
        raise BadRequest(error.message, cause=str(error)) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise BadRequest(
            "The language model cannot be reached", cause=str(error) or type(error).__name__
        ) from error
    if not answer.is_success:
        raise BadRequest(
            f"The language model refused the request (HTTP {answer.status_code})",
            cause=answer.text[:500] or None,
        )


def _post(ctx: Context, llm: StoredLlm, question: dict[str, object]) -> httpx2.Response:
    url = (llm.base_url or _DEFAULT_URLS[llm.provider]).rstrip("/")
    if llm.provider == "ollama" and not urlsplit(url).path:
        url += "/v1"
    host = urlsplit(url).hostname or ""
    # A model on one's own machine or network is what ollama is for.
    is_allowed = llm.allow_private_network or llm.provider == "ollama"
    headers = {}
    if key := system_settings.api_key(ctx, llm):
        headers["authorization"] = f"Bearer {key}"
    with outbound.client(
        private_hosts=(host,) if is_allowed else (), timeout_s=VALIDATION_SECONDS
    ) as client:
        return client.post(f"{url}/chat/completions", json=question, headers=headers)
