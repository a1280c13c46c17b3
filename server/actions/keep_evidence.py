"""Keeps one piece of evidence as an encrypted file, its hashes on the audit chain."""

from __future__ import annotations

import hashlib
import os
import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from server.db.session import local_date
from server.db.tables import Evidence
from server.errors import Problem
from server.security import audit
from server.security.secrets import vault_of


def keep_evidence(
    session: Session,
    content: bytes,
    *,
    kind: str,
    media_type: str,
    actor: str,
    now: datetime,
    authorization_id: int | None = None,
    reading_id: int | None = None,
    run_id: int | None = None,
) -> Evidence:
    """The row of the evidence kept. The file is written and synced first and taken away again on a rollback.

    kind: picture, letter or text; content: the clear bytes.
    """
    vault = vault_of(session)
    name = uuid.uuid4().hex
    relative = f"{name[:2]}/{name}"
    sealed = vault.seal(f"evidence/{relative}", content)
    path = vault.evidence_dir / relative
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    session.info["new_files"].append(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    evidence = Evidence(
        authorization_id=authorization_id,
        reading_id=reading_id,
        run_id=run_id,
        kind=kind,
        media_type=media_type,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        path=relative,
        created_at=now,
    )
    session.add(evidence)
    session.flush()
    detail = {
        "id": evidence.id,
        "sha256": evidence.sha256,
        "file_sha256": hashlib.sha256(sealed).hexdigest(),
        "path": relative,
    }
    audit.record(session, actor, audit.EVIDENCE_KEPT, f"evidence:{evidence.id}", detail, now=now)
    return evidence


def evidence_content(session: Session, evidence: Evidence) -> bytes:
    """The clear bytes of a piece of evidence. Raises Problem where the file is gone or was changed."""
    if evidence.removed_at is not None:
        day = local_date(session, evidence.removed_at)
        raise Problem(
            "evidence_removed",
            f"It was removed on {day:%m/%d/%Y}: the clinic keeps it so long only.",
            410,
        )
    vault = vault_of(session)
    path = vault.evidence_dir / evidence.path
    if not path.is_file():
        raise Problem(
            "evidence_missing", "The file of this evidence is missing. Restore it from a backup.", 410
        )
    content = vault.unseal(f"evidence/{evidence.path}", path.read_bytes())
    if hashlib.sha256(content).hexdigest() != evidence.sha256:
        raise Problem("evidence_changed", "The file of this evidence is not the one that was kept.", 410)
    return content
