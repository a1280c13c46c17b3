"""What a paired extension signs, and what the server takes for its signature."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from server.errors import Problem
from server.security import signatures

KEY = ec.derive_private_key(0x1F2E3D4C5B6A79881726354453627180, ec.SECP256R1())
NUMBERS = KEY.public_key().public_numbers()
JWK: dict[str, object] = {
    "kty": "EC",
    "crv": "P-256",
    "x": signatures.to_base64url(NUMBERS.x.to_bytes(32)),
    "y": signatures.to_base64url(NUMBERS.y.to_bytes(32)),
}
NONCE = signatures.to_base64url(bytes(range(16)))


def signed(message: bytes) -> signatures.DeviceSignature:
    r, s = decode_dss_signature(KEY.sign(message, ec.ECDSA(hashes.SHA256())))
    return signatures.DeviceSignature("d1", 1_800_000_000, NONCE, r.to_bytes(32) + s.to_bytes(32))


def test_the_text_to_sign_is_five_lines_with_the_hash_of_the_body() -> None:
    text = signatures.text_to_sign("POST", "/api/v1/checks?page=2", b"{}", 1_800_000_000, NONCE)
    assert text == (
        b"POST\n/api/v1/checks?page=2\n"
        b"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n"
        b"1800000000\nAAECAwQFBgcICQoLDA0ODw"
    )


def test_the_empty_body_has_the_hash_of_the_empty_string() -> None:
    assert b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" in signatures.text_to_sign(
        "GET", "/x", b"", 0, NONCE
    )


@given(st.binary(max_size=200), st.integers(0, 1599))
def test_a_signature_fits_its_message_and_no_other_one_bit_away(message: bytes, bit: int) -> None:
    mine = signed(message)
    keys = signatures.public_key(JWK)
    assert signatures.is_genuine(mine, keys, message)
    other = bytearray(message or b"\0")
    other[bit // 8 % len(other)] ^= 1 << bit % 8
    assert not signatures.is_genuine(mine, keys, bytes(other) if message else b"\0")


def test_another_key_does_not_fit() -> None:
    other = ec.derive_private_key(7, ec.SECP256R1()).public_key().public_numbers()
    jwk = {
        **JWK,
        "x": signatures.to_base64url(other.x.to_bytes(32)),
        "y": signatures.to_base64url(other.y.to_bytes(32)),
    }
    assert not signatures.is_genuine(signed(b"m"), signatures.public_key(jwk), b"m")


def test_a_header_gives_back_its_parts_in_any_order() -> None:
    mine = signed(b"m")
    encoded = signatures.to_base64url(mine.signature)
    header = f'Tallystick signature="{encoded}", nonce="{NONCE}", device="d1", time="1800000000"'
    assert signatures.parse(header) == mine


@pytest.mark.parametrize(
    "header",
    [
        "Tallystick ",
        f'Tallystick device="d1", time="1", nonce="{NONCE}"',
        f'Tallystick device="d1", time="1", nonce="{NONCE}", signature="AAAA"',
        f'Tallystick device="d1", time="soon", nonce="{NONCE}", signature="{"A" * 86}"',
        f'Tallystick device="d1", time="1", nonce="AAAA", signature="{"A" * 86}"',
        f'Tallystick device="d1", time="1", nonce="{"A" * 64}", signature="{"A" * 86}"',
    ],
)
def test_a_header_that_lacks_a_part_or_has_one_of_the_wrong_length_is_refused(header: str) -> None:
    with pytest.raises(Problem) as caught:
        signatures.parse(header)
    assert (caught.value.code, caught.value.status) == ("signature_malformed", 401)


@given(st.text(max_size=300))
def test_any_other_text_is_refused_and_not_a_crash(text: str) -> None:
    with pytest.raises(Problem) as caught:
        signatures.parse(signatures.SCHEME + text)
    assert caught.value.code == "signature_malformed"


def test_a_private_key_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        signatures.public_key({**JWK, "d": "AAAA"})
    assert caught.value.fields[0].field == "public_key"
    assert "private" in caught.value.fields[0].message


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"x": 3},
        {"x": "****"},
        {"x": base64.urlsafe_b64encode(b"short").decode()},
        {"x": signatures.to_base64url((NUMBERS.x ^ 1).to_bytes(32))},
    ],
)
def test_what_is_not_a_point_on_the_curve_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Problem) as caught:
        signatures.public_key({**JWK, **change})
    assert (caught.value.code, caught.value.status) == ("invalid", 422)


def test_only_the_public_half_of_a_key_is_kept() -> None:
    assert set(signatures.public_key({**JWK, "ext": True, "key_ops": ["verify"], "kid": "x"})) == {
        "kty",
        "crv",
        "x",
        "y",
    }
