"""A page of a portal -> the same page without what the portal said. Pure, and the same each time.

The structure stays. A text stays only if the profile knows it: a label, heading, column, word or date format
of its own. In every other text, and in every attribute that people can read, each word becomes a name of the
named cast, each date a birth date of it (in the order of the real ones), each number digits of it, in the
same shape. What is neither structure nor text (scripts, comments, addresses, data attributes) is dropped. A
scrubbed page stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser

from portal_profiles.markup import (
    DROPPED_WHOLE,
    PLAIN,
    PSEUDO,
    SPOKEN,
    STANDARD,
    STYLE_WORDS,
    STYLES,
    TAGS,
    VOID,
    WIRING,
)
from portal_profiles.profile import FieldSpec, Locator, PageSpec, Profile
from portal_profiles.stand_in_texts import TOKEN, Replacing, folded_label

#: In the head of every page that was scrubbed; the tests hold such pages to be scrubbed still.
MARK = '<meta charset="utf-8"><meta name="tallystick" content="scrubbed">'

Attributes = list[tuple[str, str | None]]

_CUSTOM_TAG = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")
_SMALL = re.compile(r"-?\d{1,3}")


def scrub(html: str, profile: Profile) -> str:
    """The page with every text that the profile does not know replaced.

    The result is HTML of our own writing: of the original it has known tags, wiring and the profile's words.
    """
    said = _Texts()
    said.feed(html)
    said.close()
    units = frozenset(map(folded_label, profile.words.get("unit", ())))
    writer = _Writer(Replacing(known_texts(profile), units, _wiring_of(profile), said.texts))
    writer.feed(html)
    writer.close()
    return f"<!doctype html>\n{writer.page()}\n"


# ---- what the profile knows ----


def known_texts(profile: Profile) -> frozenset[str]:
    """Every text of the profile that may stand on a page, folded."""
    return frozenset(filter(None, map(folded_label, _said(profile))))


def _said(profile: Profile) -> Iterator[str]:
    yield profile.name
    for locator in _locators(profile):
        if locator.way in ("label", "beside", "text", "column"):
            # A header under a wider one is written "wider / own".
            yield from (locator.value, *locator.value.split(" / "))
        if locator.name is not None:
            yield locator.name
    for page in profile.pages.values():
        yield from (spec.format for spec in _specs(page) if spec.format)
    for words in (profile.words, *(page.words for page in profile.pages.values())):
        for kind in words.values():
            yield from kind


def _wiring_of(profile: Profile) -> frozenset[str]:
    """The names in the page's wiring that the profile finds things by."""
    values = (locator.value for locator in _locators(profile) if locator.way in ("css", "id", "test_id"))
    return frozenset(token for value in values for token in TOKEN.findall(value))


def _specs(page: PageSpec) -> Iterator[FieldSpec]:
    yield from page.fields.values()
    for rows in page.rows.values():
        yield from rows.cells.values()


def _locators(profile: Profile) -> Iterator[Locator]:
    """Every locator of the profile, those that narrow another included."""
    found: list[Locator | None] = [profile.letter, profile.results.open if profile.results else None]
    steps = [step for search in profile.search for step in search.steps]
    for page in profile.pages.values():
        steps += page.steps
        found += [*page.sign, *page.absent, page.frame]
        for rows in page.rows.values():
            found += [rows.row, rows.refresh, rows.refreshed]
        for spec in _specs(page):
            found += [spec.find, *spec.fallback, spec.stand_in]
    for step in steps:
        found += [step.locator, step.search, step.option]
    for locator in found:
        while locator is not None:
            yield locator
            locator = locator.within


# ---- the page ----


class _Parser(HTMLParser):
    """What both passes over a page see of it: elements but those that are dropped whole, and texts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._dropping: list[str] = []
        self._pending: list[str] = []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self._flush()
        if tag in DROPPED_WHOLE:
            self._dropping.append(tag)
        elif not self._dropping:
            self.opened(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.handle_starttag(tag, attrs)
        if tag in DROPPED_WHOLE or tag in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._flush()
        if not self._dropping:
            self.closed(tag)
        elif tag in self._dropping:
            del self._dropping[self._dropping.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self._pending.append(data)

    def close(self) -> None:
        super().close()
        self._flush()

    def _flush(self) -> None:
        text = "".join(self._pending)
        self._pending.clear()
        if text:
            self.said(text)

    def opened(self, tag: str, attrs: Attributes) -> None:
        """An element begins."""

    def closed(self, tag: str) -> None:
        """An element ends."""

    def said(self, text: str) -> None:
        """A text between tags."""


class _Texts(_Parser):
    """Every text that a page says to people, in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._in_style = False

    def opened(self, tag: str, attrs: Attributes) -> None:
        self._in_style = tag == "style"
        self.texts += [value for name, value in attrs if name in SPOKEN and value]

    def closed(self, tag: str) -> None:
        self._in_style = False

    def said(self, text: str) -> None:
        if not self._in_style:
            self.texts.append(text)


class _Writer(_Parser):
    """Writes the page anew."""

    def __init__(self, replacing: Replacing) -> None:
        super().__init__()
        self._replacing = replacing
        self._written: list[str] = []
        self._open: list[str] = []

    def page(self) -> str:
        """What was written, every element closed, marked as scrubbed."""
        while self._open:
            self._written.append(f"</{self._open.pop()}>")
        page = "".join(self._written).strip()
        if "<head>" in page:
            return page.replace("<head>", f"<head>{MARK}", 1)
        return f"{MARK}\n{page}"

    def opened(self, tag: str, attrs: Attributes) -> None:
        if (name := self._tag(tag)) is None:
            return
        kept = "" if tag == "head" else "".join(self._attributes(tag, attrs))
        self._written.append(f"<{name}{kept}>")
        if tag not in VOID:
            self._open.append(name)

    def closed(self, tag: str) -> None:
        if (name := self._tag(tag)) in self._open:
            while (last := self._open.pop()) != name:
                self._written.append(f"</{last}>")
            self._written.append(f"</{last}>")

    def said(self, text: str) -> None:
        if self._open and self._open[-1] == "style":
            self._written.append(self._sheet(text))
        else:
            self._written.append(escape(self._replacing.text(text), quote=False))

    def _tag(self, tag: str) -> str | None:
        """The element's name as it is written, or None for one that is dropped."""
        if tag in TAGS:
            return tag
        return self._replacing.wiring(tag) if _CUSTOM_TAG.fullmatch(tag) else None

    def _attributes(self, tag: str, attrs: Attributes) -> Iterator[str]:
        for name, value in attrs:
            new: str | None = None
            text = value or ""
            if name in WIRING:
                new = self._replacing.wiring(text)
            elif name in SPOKEN:
                new = self._replacing.text(text)
            elif name in PLAIN:
                new = text if text == "" or text in STANDARD or _SMALL.fullmatch(text) else None
            elif name == "style":
                new = _declarations(text) or None
            elif name == "href" and tag in ("a", "area"):
                new = "#"
            elif name == "lang" and re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", text):
                new = text
            if new is not None:
                yield f' {name}="{escape(new)}"' if value is not None else f" {name}"

    def _sheet(self, css: str) -> str:
        """The rules of a style sheet that decide what is seen and where."""
        css = re.sub(r"/\*.*?\*/|<!--|-->", " ", css, flags=re.DOTALL)
        conditional = r"@(?:media[^{]*\bprint\b|[\w-]*keyframes|font-face|page|supports\s+not)[^{]*"
        css = re.sub(rf"{conditional}\{{(?:[^{{}}]*\{{[^{{}}]*\}})*[^{{}}]*\}}", " ", css)
        rules = []
        for found in re.finditer(r"([^{};@]+)\{([^{}]*)\}", css):
            declared = _declarations(found[2])
            if declared and re.fullmatch(r"[\w\s.#>+~:*\[\]=\"'^$|(),-]+", found[1], re.ASCII):
                rules.append(f"{self._selector(found[1])} {{ {declared} }}")
        return "\n" + "\n".join(rules) + "\n" if rules else ""

    def _selector(self, text: str) -> str:
        """A selector with its names as the page's wiring has them now; tags and what is built in stay."""
        names = r"(?P<own>[.#][\w-]+|\[[^\]]*\])|(?P<built_in>::?[\w-]+)|(?P<tag>[\w-]+)"
        return re.sub(names, self._named, " ".join(text.split()))

    def _named(self, found: re.Match[str]) -> str:
        text = found.group()
        if found["tag"] and text.lower() in TAGS:
            return text.lower()
        return text if found["built_in"] in PSEUDO else self._replacing.wiring(text)


def _declarations(text: str) -> str:
    """The declarations of a style that decide what is seen and where, in words of CSS and numbers."""
    kept = []
    for part in text.split(";"):
        name, _, value = part.partition(":")
        name, value = name.strip().lower(), " ".join(value.lower().split())
        if name not in STYLES or not re.fullmatch(r"[a-z0-9 .,%()!/+*-]+", value):
            continue
        value = re.sub(r"\d{4,}", "9999", value)
        if all(word in STYLE_WORDS for word in re.findall(r"[a-z]+(?:-[a-z]+)*", value)):
            kept.append(f"{name}: {value}")
    return "; ".join(kept)
