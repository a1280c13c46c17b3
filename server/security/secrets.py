"""Encryption of what is kept beside the database: evidence files, portal passwords, browser sessions.

AES-256-GCM under a key derived from the data key. The purpose is bound in: a blob put in another's place does
not open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session

from server.errors import Problem
from server.security.keys import DataKey

_FORMAT = b"T1"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Vault:
    """The data key and the folder of encrypted files; every session carries it."""

    key: DataKey
    evidence_dir: Path

    def seal(self, purpose: str, clear: bytes) -> bytes:
        """Encrypts `clear`. purpose: what it is and whose, such as "portal_account/3/password"; no secret
        itself.
        """
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(self.key.derive("secrets"))
        return _FORMAT + nonce + cipher.encrypt(nonce, clear, purpose.encode())

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """The clear bytes of what `seal` gave for the same purpose; Problem when changed, misplaced or
        foreign.
        """
        nonce, body = sealed[2 : 2 + _NONCE_BYTES], sealed[2 + _NONCE_BYTES :]
        if sealed[:2] == _FORMAT and len(nonce) == _NONCE_BYTES:
            try:
                return AESGCM(self.key.derive("secrets")).decrypt(nonce, body, purpose.encode())
            except InvalidTag:
                pass  # said below, with the other reasons for the same answer
        raise Problem(
            "sealed_unreadable",
            "An encrypted value was changed, or belongs elsewhere or to another key.",
            500,
        )


def vault_of(session: Session) -> Vault:
    """The vault of the database that this session belongs to."""
    vault = session.info["vault"]
    assert isinstance(vault, Vault)
    return vault
