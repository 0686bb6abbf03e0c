"""Somebody at the window: signs in where that is asked for, then prints who is signed in.

`python -m tests.desktop.visitor URL STORAGE`; a program of its own, as the window wants its main thread.
"""

import sys
from pathlib import Path

import webview

from lumilio.desktop import open_window
from tests.support.api import PASSWORD
from tests.support.waiting import wait_until

WINDOW_SECONDS = 60

# The form fills like that of a person; afterwards the access token has to be renewed.
SIGN_IN = f"""(() => {{
  const account = document.querySelector('[aria-label^="Account: "]');
  if (account) {{
    localStorage.setItem('lumilio.token', 'expired');
    return account.getAttribute('aria-label');
  }}
  const [username, password] = document.querySelectorAll('form input');
  if (!password || password.value) return '';
  for (const [input, text] of [[username, 'ada'], [password, '{PASSWORD}']]) {{
    input.value = text;
    input.dispatchEvent(new Event('input', {{ bubbles: true }}));
  }}
  password.form.requestSubmit();
  window.typed = true;
  return '';
}})()"""
WAS_ASKED = "Boolean(window.typed)"


def main(url: str, storage: Path) -> None:
    start = webview.start
    # What runs beside the window is handed to it at its start.
    webview.start = lambda **options: start(visit, **options)
    open_window(url, storage)


def visit() -> None:
    window = webview.windows[0]
    try:
        who = wait_until(lambda: window.run_js(SIGN_IN), seconds=WINDOW_SECONDS)
        print(who, "typed" if window.run_js(WAS_ASKED) else "remembered", flush=True)
    finally:
        window.destroy()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
