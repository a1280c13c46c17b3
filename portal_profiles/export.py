"""Writes what the extension's build needs of every portal: its hosts and its reading part.

    python -m portal_profiles.export OUT.json [--sandbox-port PORT]

OUT.json is a list of {slug, name, fictional, hosts: [origin], sandbox_origin, seen_live, attended_because,
reading_part}; a portal whose pages nobody has described has no page in its reading part.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portal_profiles.catalogue import load, slugs
from portal_profiles.schema import ProfileError


def exported(sandbox_port: int | None = None) -> list[dict[str, Any]]:
    """Every portal as the extension takes it. sandbox_origin is None unless a port is given.

    Raises ProfileError when a profile is mistaken.
    """
    portals = []
    for profile in map(load, slugs()):
        sandbox = None if sandbox_port is None else f"http://{profile.sandbox_host}:{sandbox_port}"
        portals.append(
            {
                "slug": profile.slug,
                "name": profile.name,
                "fictional": profile.fictional,
                "hosts": list(dict.fromkeys(host.origin for host in profile.hosts)),
                "sandbox_origin": sandbox,
                "seen_live": profile.seen_live.isoformat() if profile.seen_live else "",
                "attended_because": profile.attended_because,
                "reading_part": profile.reading_part(),
            }
        )
    return portals


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; exit code 0, or 3 when a profile is mistaken."""
    parser = argparse.ArgumentParser(prog="python -m portal_profiles.export", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.json")
    parser.add_argument("--sandbox-port", type=int, metavar="PORT")
    given = parser.parse_args(arguments)
    try:
        portals = exported(given.sandbox_port)
    except ProfileError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    given.out.write_text(json.dumps(portals, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
