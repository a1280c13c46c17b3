"""Passwords of people: Argon2id digests, and what makes a password good enough."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from server.errors import FieldProblem, Problem

SHORTEST = 12
LONGEST = 200

_hasher = PasswordHasher()  # Argon2id with the library's current costs (RFC 9106, low-memory profile)
#: What an unknown address is checked against, so that it takes as long as a known one.
_NOBODY = _hasher.hash(secrets.token_urlsafe(24))


def digest(password: str) -> str:
    """The Argon2id digest to keep. Raises Problem for a password that is too short or too long.

    Length is the rule (NIST SP 800-63B): no mixtures of characters are asked for.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise Problem(
            "password_length",
            "The password is not accepted.",
            422,
            (
                FieldProblem(
                    "password",
                    "Its length is not right.",
                    f"Use {SHORTEST} to {LONGEST} characters; several words are good.",
                ),
            ),
        )
    return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether the password is the one behind the digest. Takes as long where there is no digest."""
    try:
        _hasher.verify(kept or _NOBODY, password[:LONGEST])
    except VerifyMismatchError:
        return False
    except InvalidHashError as error:
        raise Problem(
            "password_digest", "A stored password digest can't be read. Set the password anew.", 500
        ) from error
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the digest was made with older costs and should be made again at the next sign-in."""
    return _hasher.check_needs_rehash(kept)
