"""A paired extension proves who it is by signing each request with the private key that never leaves its
browser.

The header, and the exact UTF-8 text that is signed (lines joined by "\\n", no line end after the last):

    Authorization: Tallystick device="<id>", time="<seconds>", nonce="<base64url>", signature="<base64url>"

    METHOD
    PATH?QUERY        (as sent, without the host; no "?" when there is no query)
    hex(sha256(body)) (of the empty string when there is no body)
    time
    nonce

The signature is ECDSA over P-256 with SHA-256, raw r || s (64 bytes), as WebCrypto makes it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from server.errors import FieldProblem, Problem

SCHEME = "Tallystick "
#: How far the device's clock may be from the server's, in seconds, either way.
WINDOW_SECONDS = 120
_HALF = 32
_ALGORITHM = ec.ECDSA(hashes.SHA256())
_PART = re.compile(r'([a-z]+)="([A-Za-z0-9_=-]{1,200})"')


@dataclass(frozen=True, slots=True)
class DeviceSignature:
    """What the header says. time: Unix seconds by the device's clock; signature: r || s."""

    device: str
    time: int
    nonce: str
    signature: bytes


def from_base64url(text: str) -> bytes:
    """The bytes of base64url with or without padding. Raises ValueError when it is not that."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def to_base64url(content: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def parse(header: str) -> DeviceSignature:
    """Reads the header's value (with its scheme). Raises Problem `signature_malformed` (401)."""
    parts = dict(_PART.findall(header.removeprefix(SCHEME)))
    try:
        signature = from_base64url(parts["signature"])
        nonce = parts["nonce"]
        if len(signature) != 2 * _HALF or not 16 <= len(from_base64url(nonce)) <= 24 or len(nonce) > 40:
            raise ValueError("wrong length")
        return DeviceSignature(parts["device"], int(parts["time"]), nonce, signature)
    except (KeyError, ValueError) as error:
        raise Problem(
            "signature_malformed",
            "The signature could not be read: device, time, nonce and signature are needed.",
            401,
        ) from error


def text_to_sign(method: str, target: str, body: bytes, time: int, nonce: str) -> bytes:
    """The bytes that both sides sign and check. target: path and query as sent."""
    return "\n".join([method, target, hashlib.sha256(body).hexdigest(), str(time), nonce]).encode()


@lru_cache(maxsize=1024)
def _key(x: str, y: str) -> ec.EllipticCurvePublicKey:
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(from_base64url(x)), int.from_bytes(from_base64url(y)), ec.SECP256R1()
    )
    return numbers.public_key()


def public_key(jwk: Mapping[str, object]) -> dict[str, str]:
    """The checked public half of a P-256 JWK: {"kty", "crv", "x", "y"} and nothing else.

    Raises Problem `invalid` (422) naming the field; a JWK that carries a private part (`d`) is refused.
    """

    def wrong(message: str, remedy: str) -> Problem:
        return Problem(
            "invalid", "The public key is not usable.", 422, (FieldProblem("public_key", message, remedy),)
        )

    if "d" in jwk:
        raise wrong("It holds a private key.", "Send the public half only; make a new key pair.")
    x, y = jwk.get("x"), jwk.get("y")
    if (
        jwk.get("kty") != "EC"
        or jwk.get("crv") != "P-256"
        or not isinstance(x, str)
        or not isinstance(y, str)
    ):
        raise wrong("It is not an EC P-256 key.", 'Send a JWK with kty "EC", crv "P-256", x and y.')
    try:
        if len(from_base64url(x)) != _HALF or len(from_base64url(y)) != _HALF:
            raise ValueError("wrong length")
        _key(x, y)
    except ValueError as error:
        raise wrong(
            "x and y are not a point of the curve.", "Export the key with WebCrypto as a JWK."
        ) from error
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def is_genuine(signed: DeviceSignature, jwk: Mapping[str, str], message: bytes) -> bool:
    """Whether `message` was signed by the private half of `jwk`."""
    r, s = (int.from_bytes(part) for part in (signed.signature[:_HALF], signed.signature[_HALF:]))
    try:
        _key(jwk["x"], jwk["y"]).verify(encode_dss_signature(r, s), message, _ALGORITHM)
    except InvalidSignature:
        return False
    return True
