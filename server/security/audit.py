"""The audit chain: every write and every sight of a patient's record, each entry holding the hash of the one
before.

hash = SHA-256 over the canonical JSON of all other columns. Where the chain ends is kept apart, under an HMAC
by a key derived from the data key: who can change the table but has not the key can neither cut its tail nor
write the chain anew. Details hold ids and names of fields, never a patient's values.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from server.db.prepared import Prepared
from server.db.tables import AuditEntry, Evidence, Installation, table_of
from server.security.keys import DataKey
from server.security.secrets import Vault, vault_of

FIRST_PREVIOUS = "0" * 64
EVIDENCE_KEPT, EVIDENCE_REMOVED = "evidence.kept", "evidence.removed"
_ENTRY = table_of(AuditEntry)
_HEAD = table_of(Installation)
_END = Prepared(select(_HEAD.c.audit_seq, _HEAD.c.audit_hash))
_APPEND = Prepared(insert(_ENTRY).values({column.name: bindparam(column.name) for column in _ENTRY.c}))
_MOVE_END = Prepared(
    update(_HEAD).values(audit_seq=bindparam("seq"), audit_hash=bindparam("hash"), audit_mac=bindparam("mac"))
)


def record(
    session: Session,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
) -> int:
    """Appends one entry in the session's transaction (a `Database.write` one) and gives its seq.

    action: what was done, as "authorization.created" or "authorization.seen"; subject: to what, as
    "authorization:12"; detail: plain JSON without patient data.
    """
    return record_many(session, actor, [(action, subject, detail or {})], now=now)


def record_many(
    session: Session,
    actor: str,
    acts: Sequence[tuple[str, str, Mapping[str, Any]]],
    *,
    now: datetime | None = None,
) -> int:
    """Appends an entry for each (action, subject, detail), in order, with one insert; gives the last seq."""
    at = (now or datetime.now(UTC)).astimezone(UTC)
    vault = vault_of(session)
    [(seq, previous)] = _END.rows(session)
    rows = []
    for action, subject, detail in acts:
        seq += 1
        row = {
            "seq": seq,
            "at": at,
            "actor": actor,
            "action": action,
            "subject": subject,
            "detail": dict(detail),
            "prev_hash": previous,
        }
        previous = row["hash"] = entry_hash(row)
        rows.append(row)
    if rows:
        _APPEND.run_many(session, rows)
        _MOVE_END.run(session, seq=seq, hash=previous, mac=_head_mac(vault.key, seq, previous))
        session.info["audited"] = True
    return int(seq)


def entry_hash(row: Mapping[Any, Any]) -> str:
    """The hash of one entry from its other columns; `at` is an aware datetime."""
    content = [
        row["seq"],
        row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        row["actor"],
        row["action"],
        row["subject"],
        row["detail"],
        row["prev_hash"],
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def first_head(key: DataKey) -> dict[str, Any]:
    """The columns of `Installation` that say an empty chain's end."""
    return {
        "audit_seq": 0,
        "audit_hash": FIRST_PREVIOUS,
        "audit_mac": _head_mac(key, 0, FIRST_PREVIOUS),
    }


def _head_mac(key: DataKey, seq: int, last_hash: str) -> str:
    return hmac.new(_head_key(key), f"{seq}:{last_hash}".encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=4)
def _head_key(key: DataKey) -> bytes:
    return key.derive("audit head")


@dataclass(frozen=True, slots=True)
class ChainFinding:
    """One break. seq: the entry at which it shows, None where it is the end itself or a file.

    kind: changed, missing, unlinked, cut, head, evidence_missing, evidence_changed, evidence_unrecorded,
    evidence_left (its removal is recorded, its file is still there).
    """

    seq: int | None
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` saw: how many entries and evidence files, and every break."""

    entries: int
    evidence_files: int
    findings: tuple[ChainFinding, ...]


def verify(session: Session) -> Verification:
    """Checks the whole chain, its end, and every evidence file that its entries cover. Reads only,
    offline.
    """
    vault = vault_of(session)
    findings: list[ChainFinding] = []
    kept: list[tuple[int, Mapping[str, Any]]] = []
    removed: dict[int, Mapping[str, Any]] = {}
    entries, last_seq, last_hash = 0, 0, FIRST_PREVIOUS
    rows = session.execute(select(_ENTRY).order_by(_ENTRY.c.seq), execution_options={"yield_per": 2000})
    for row in rows.mappings():
        entries += 1
        findings.extend(_link_findings(row, last_seq, last_hash))
        if row["action"] == EVIDENCE_KEPT:
            kept.append((row["seq"], row["detail"]))
        elif row["action"] == EVIDENCE_REMOVED:
            removed[row["detail"]["id"]] = row["detail"]
        last_seq, last_hash = row["seq"], row["hash"]
    findings.extend(_end_findings(session, vault.key, last_seq, last_hash))
    findings.extend(_evidence_findings(session, vault, kept, removed))
    return Verification(entries, len(kept) - len(removed), tuple(findings))


def _link_findings(row: Mapping[Any, Any], last_seq: int, last_hash: str) -> Iterator[ChainFinding]:
    seq = row["seq"]
    if seq != last_seq + 1:
        yield ChainFinding(
            seq, "missing", f"Entries {last_seq + 1} to {seq - 1} are missing before this one."
        )
    elif row["prev_hash"] != last_hash:
        yield ChainFinding(
            seq, "unlinked", f"This entry does not follow entry {last_seq}: one of the two was replaced."
        )
    if entry_hash(row) != row["hash"]:
        yield ChainFinding(seq, "changed", "This entry is not as it was written.")


def _end_findings(session: Session, key: DataKey, last_seq: int, last_hash: str) -> Iterator[ChainFinding]:
    head = session.execute(select(_HEAD.c.audit_seq, _HEAD.c.audit_hash, _HEAD.c.audit_mac)).one_or_none()
    if head is None:
        yield ChainFinding(None, "head", "The row that says where the chain ends is missing.")
        return
    head_seq, head_hash, mac = head
    if not hmac.compare_digest(mac, _head_mac(key, head_seq, head_hash)):
        yield ChainFinding(None, "head", "The row that says where the chain ends was changed.")
    if last_seq < head_seq:
        yield ChainFinding(
            last_seq,
            "cut",
            f"The chain was cut: it ended at entry {head_seq}, the last one here is {last_seq}.",
        )
    elif last_seq > head_seq or last_hash != head_hash:
        yield ChainFinding(last_seq, "head", "The chain does not end with the entry that it was closed with.")


def _evidence_findings(
    session: Session,
    vault: Vault,
    kept: Sequence[tuple[int, Mapping[str, Any]]],
    removed: Mapping[int, Mapping[str, Any]],
) -> Iterator[ChainFinding]:
    rows = session.execute(select(Evidence.id, Evidence.sha256, Evidence.removed_at)).all()
    of_record = {row.id: row.sha256 for row in rows}
    said_removed = {row.id for row in rows if row.removed_at is not None}
    for seq, detail in kept:
        name = f"evidence:{detail['id']}"
        if of_record.pop(detail["id"], None) != detail["sha256"]:
            yield ChainFinding(
                seq, "evidence_changed", f"The row of {name} is missing or is not as it was written."
            )
        path = vault.evidence_dir / detail["path"]
        gone = removed.get(detail["id"])
        if (gone is not None) != (detail["id"] in said_removed):
            yield ChainFinding(seq, "evidence_changed", f"{name} is removed in one place only.")
        if gone is not None and (gone["sha256"], gone["path"]) == (detail["sha256"], detail["path"]):
            if path.exists():
                yield ChainFinding(
                    seq,
                    "evidence_left",
                    f"{name} was removed, but its file is still there. Run: tallystick evidence remove.",
                )
            continue
        if not path.is_file():
            yield ChainFinding(seq, "evidence_missing", f"The file of {name} is missing.")
            continue
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != detail["file_sha256"]:
                yield ChainFinding(seq, "evidence_changed", f"The file of {name} is not as it was written.")
    for evidence_id in of_record:
        yield ChainFinding(None, "evidence_unrecorded", f"No entry records evidence:{evidence_id}.")


def evidence_file(session: Session, path: str) -> Path:
    """Where the encrypted file of a piece of evidence lies."""
    return vault_of(session).evidence_dir / path


def entries_about(session: Session, subject: str, limit: int = 200) -> list[AuditEntry]:
    """The newest entries about one subject, as "authorization:12", newest first."""
    return list(
        session.scalars(
            select(AuditEntry)
            .where(AuditEntry.subject == subject)
            .order_by(AuditEntry.seq.desc())
            .limit(limit)
        )
    )
