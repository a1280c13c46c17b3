"""What a release of a portal's front end changes overnight, for the sandboxes: other ids, another layout.

A script that runs in every page of the sandbox, so that no template has to know of it: the page is drawn as
ever, and what the portal's profile goes by is renamed or moved in the same moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from portal_profiles.profile import FieldSpec, Locator, PageKind, PageSpec, Profile, folded
from portal_profiles.vocabulary import FieldName

#: What is appended to an id, a class or a test id.
NEW = "-v2"
#: Pages on which ids change: those that a look reads.
_READ = (PageKind.RESULTS, PageKind.DETAIL)

_SCRIPT = """
(() => {
  const given = %s;
  const names = new Set(given.names), labels = new Set(given.labels);
  const plain = (text) => text.replace(/\\s+/g, ' ').replace(/\\s*:$/, '').trim().toLowerCase();
  const known = Document.prototype.getElementById;
  Document.prototype.getElementById = function (id) {
    return known.call(this, id) ?? known.call(this, id + given.suffix);
  };
  const ATTRIBUTES = ['id', 'for', 'class', 'aria-labelledby', 'aria-controls', 'data-testid'];
  const rename = (element) => {
    for (const name of ATTRIBUTES) {
      const said = element.getAttribute(name);
      if (said === null) continue;
      const changed = said.split(' ').map((one) => (names.has(one) ? one + given.suffix : one)).join(' ');
      if (changed !== said) element.setAttribute(name, changed);
    }
  };
  const move = (element) => {
    if (element.childElementCount > 0 || !labels.has(plain(element.textContent))) return;
    if (element.dataset.alone || element.closest('thead, [role=columnheader], section.moved')) return;
    let at = element;
    while (at.nextElementSibling === null && at.parentElement &&
      plain(at.parentElement.textContent) === plain(element.textContent)) at = at.parentElement;
    const value = at.nextElementSibling;
    if (value === null || value.matches('thead *, dt, label, th')) return;
    element.dataset.alone = 'yes';
    const root = element.getRootNode();
    const section = document.createElement('section');
    section.className = 'moved';
    section.innerHTML = '<h2>In brief</h2><p></p>';
    section.querySelector('p').textContent = value.textContent.trim() || (root.host?.textContent ?? '');
    value.remove();
    document.body.append(section);
  };
  const change = (root) => root.querySelectorAll('*').forEach((element) => {
    if (names.size) rename(element);
    if (labels.size) move(element);
  });
  const watch = (root) => {
    new MutationObserver(() => change(root)).observe(root, { childList: true, subtree: true });
    change(root);
  };
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) {
    const root = attach.call(this, how);
    watch(root);
    return root;
  };
  watch(document);
})();
"""


def change_script(profile: Profile, *, ids: bool, layout: bool) -> str:
    """The script that changes the pages of this portal; empty where neither is asked for.

    ids: every id, class and test id by which the profile knows its lists and detail pages has another name.
    layout: the status stands in a section of its own, no longer beside its label.
    """
    if not ids and not layout:
        return ""
    pages = profile.pages_of(*_READ)
    given = {
        "names": sorted(set(_names(pages))) if ids else [],
        "labels": sorted(set(_labels(pages))) if layout else [],
        "suffix": NEW,
    }
    return _SCRIPT % json.dumps(given)


def _names(pages: tuple[PageSpec, ...]) -> Iterator[str]:
    for page in pages:
        located = [*page.sign, *(rows.row for rows in page.rows.values())]
        located += [rows.scroll for rows in page.rows.values() if rows.scroll is not None]
        located += [way for spec in _fields(page) for way in (spec.find, *spec.fallback)]
        for locator in located:
            yield from _wiring(locator)


def _wiring(locator: Locator) -> Iterator[str]:
    if locator.way in ("id", "test_id"):
        yield locator.value
    if locator.way == "css":
        yield from re.findall(r"[#.]([A-Za-z][\w-]*)", locator.value)
    if locator.within is not None:
        yield from _wiring(locator.within)


def _labels(pages: tuple[PageSpec, ...]) -> Iterator[str]:
    for page in pages:
        for spec in page.fields.values():
            if spec.field is FieldName.DETERMINATION and spec.find.way == "beside":
                yield folded(spec.find.value)


def _fields(page: PageSpec) -> list[FieldSpec]:
    return [*page.fields.values(), *(cell for rows in page.rows.values() for cell in rows.cells.values())]
