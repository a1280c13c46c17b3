"""What the stores are told of the extension is what its built manifests ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from portal_profiles.catalogue import load, slugs

EXTENSION = Path(__file__).parents[1] / "extension"
BUILDS = ("sandbox-chrome-mv3", "sandbox-firefox-mv3")


def manifest(build: str) -> dict[str, Any]:
    return dict(json.loads((EXTENSION / ".output" / build / "manifest.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("build", BUILDS)
def test_the_permission_table_names_exactly_what_the_manifest_asks_for(build: str) -> None:
    told = re.findall(r"^\| `(\w+)` \|", (EXTENSION / "STORE.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(manifest(build)["permissions"])


@pytest.mark.parametrize("build", BUILDS)
def test_the_only_hosts_that_may_be_asked_for_are_the_profiles_own(build: str) -> None:
    asked = manifest(build)["optional_host_permissions"]
    hosts = {f"https://{urlsplit(host.origin).hostname}/*" for slug in slugs() for host in load(slug).hosts}
    assert sorted(asked) == sorted(hosts)


@pytest.mark.parametrize("build", BUILDS)
def test_no_script_comes_from_elsewhere(build: str) -> None:
    policy = manifest(build)["content_security_policy"]["extension_pages"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
