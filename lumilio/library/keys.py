"""The root key of an installation and the keys derived from it, one for each purpose."""

import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lumilio.errors import LumilioError

_NONCE_BYTES = 12


class UnusableKey(LumilioError):
    """The root key file is there but does not hold a key."""

    title = "The secret key file of this installation is damaged"


class Keys:
    """Derives 32-byte keys by HMAC-SHA-256 of a purpose under the root key."""

    def __init__(self, root: bytes) -> None:
        self._root = root

    def derive(self, purpose: str) -> bytes:
        """The key for one purpose; different purposes never share a key."""
        return hmac.digest(self._root, purpose.encode(), "sha256")

    def digest(self, purpose: str, secret: bytes) -> bytes:
        """A hash that recognises a secret but does not tell it, even to who has the database."""
        return hmac.digest(self.derive(purpose), secret, "sha256")

    def seal(self, purpose: str, secret: bytes) -> bytes:
        """Encrypt a secret for storing; only the same purpose opens it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.derive(purpose)).encrypt(nonce, secret, None)

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made; raises UnusableKey when this key did not seal it."""
        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self.derive(purpose)).decrypt(nonce, encrypted, None)
        except InvalidTag as error:
            raise UnusableKey(cause=f"{purpose}: sealed with another key") from error


def load_or_create(path: Path) -> Keys:
    """Read the root key file (64 hex digits, mode 0600), writing a new one on first start.

    Raises UnusableKey.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # Complete before it has its name: a start that is interrupted leaves no half key.
        part = path.with_name(f"{path.name}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    return Keys(_parse(path))


def _parse(path: Path) -> bytes:
    try:
        root = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError) as error:
        raise UnusableKey(cause=f"{path}: {error}") from error
    if len(root) < 32:
        raise UnusableKey(cause=f"{path}: the key is too short")
    return root
