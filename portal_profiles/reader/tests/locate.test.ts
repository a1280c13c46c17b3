import { describe, expect, test } from "vitest";

import { locate } from "../read";
import { field, problem, readFields, show, textAt } from "./page";

describe("a form control by its label", () => {
  test.each([
    ["for", '<label for="m">Member ID</label><input id="m" value="X1">'],
    ["around it", '<label>Member ID <input value="X1"></label>'],
    ["aria-label", '<input aria-label="member  id" value="X1">'],
    ["aria-labelledby", '<b id="l">Member</b> <i id="k">ID</i><input aria-labelledby="l k" value="X1">'],
    [
      "with a colon and the mark of a required field",
      '<label for="m">Member ID: *</label><input id="m" value="X1">',
    ],
    ["a textarea", '<label for="m">Member ID</label><textarea id="m">X1</textarea>'],
  ])("is found: %s", (_, html) => {
    expect(textAt(html, { label: "Member ID" })).toBe("X1");
  });

  test("is not found by a part of the label", () => {
    expect(
      textAt('<label>Other Member ID <input value="X1"></label>', { label: "Member ID" }),
    ).toBeUndefined();
  });

  test("is not given when two controls have the label", () => {
    const html = '<label>NPI <input value="1"></label><label>NPI <input value="2"></label>';
    const text = readFields(html, { npi: field({ label: "NPI" }, { required: true }) });
    expect(text.fields).toEqual({});
    expect(problem(text)).toBe("several 2");
  });

  test("counts only where it is visible: leftovers of earlier steps stay in the page", () => {
    const html =
      '<div style="display:none"><label>NPI <input value="1"></label></div><label>NPI <input value="2"></label>';
    expect(textAt(html, { label: "NPI" })).toBe("2");
  });

  test("is found inside the part of the page that `within` names", () => {
    const html = `<fieldset><legend>Requesting</legend><label>NPI <input value="1"></label></fieldset>
      <section aria-label="Rendering"><label>NPI <input value="2"></label></section>`;
    expect(textAt(html, { label: "NPI", within: { role: "region", name: "Rendering" } })).toBe("2");
    expect(textAt(html, { label: "NPI", within: { role: "group", name: "Requesting" } })).toBe("1");
  });
});

describe("the value beside its own label", () => {
  test.each([
    ["a definition list", "<dl><dt>Status</dt><dd>Approved</dd><dt>Plan</dt><dd>PPO</dd></dl>"],
    ["a definition list in groups", "<dl><div><dt>Status</dt><dd>Approved</dd></div></dl>"],
    ["a row header", "<table><tr><th>Status</th><td>Approved</td></tr></table>"],
    [
      "two pairs in a row of cells",
      "<table><tr><td>Status:</td><td>Approved</td><td>Plan</td><td>PPO</td></tr></table>",
    ],
    [
      "row headers for two pairs",
      "<table><tr><th>Status</th><td>Approved</td><th>Plan</th><td>PPO</td></tr></table>",
    ],
    ["siblings", "<div><span>Status</span><span>Approved</span></div>"],
    ["a label in a wrapper", "<div><div><b>Status</b></div><div>Approved</div></div>"],
    ["a label in two pieces", "<dl><dt><b>Status</b> <i>*</i></dt><dd>Approved</dd></dl>"],
    ["bare text", "<p><b>Status:</b> Approved<br><b>Plan:</b> PPO</p>"],
    ["aria-labelledby", '<h4 id="s">Status</h4><p>Since today</p><div aria-labelledby="s">Approved</div>'],
    ["a label of a control", '<label for="s">Status</label><input id="s" readonly value="Approved">'],
    ["an icon between", "<div><span>Status</span><i class=icon></i><span>Approved</span></div>"],
    ["a button to copy", "<dl><dt>Status</dt><dd>Approved <button>Copy</button></dd></dl>"],
    [
      "a row of a grid",
      "<div role=table><div role=row><span role=rowheader>Status</span><span role=cell>Approved</span></div></div>",
    ],
  ])("is read from %s", (_, html) => {
    expect(textAt(html, { beside: "Status" })).toBe("Approved");
  });

  test.each([
    ["a part of the label", "<dl><dt>Status of the plan</dt><dd>Approved</dd></dl>"],
    ["prose that has the word", "<p>Status is explained below.</p><p>Approved</p>"],
    [
      "a column's header",
      "<table><tr><th>Status</th><th>Plan</th></tr><tr><td>Approved</td><td>PPO</td></tr></table>",
    ],
    [
      "a cell of a list",
      "<table><thead><tr><th>A</th><th>B</th></tr></thead><tr><td>Status</td><td>Approved</td></tr></table>",
    ],
    ["a label without a value", "<div><p>Approved</p><div><span>Status</span></div></div>"],
    ["a label next to a label", "<div><span>Status</span><span>Plan:</span></div>"],
    ["what only a screen reader hears of", '<dl style="display:none"><dt>Status</dt><dd>Approved</dd></dl>'],
  ])("is not read from %s", (_, html) => {
    expect(textAt(html, { beside: "Status" })).toBeUndefined();
  });

  test("is never another label that the profile names", () => {
    const html = "<div><span>Status</span><span>Plan</span></div>";
    const text = readFields(html, { status: field({ beside: "Status" }), plan: field({ beside: "Plan" }) });
    expect(text.fields).toEqual({});
  });

  test("may be empty", () => {
    expect(textAt("<dl><dt>Number</dt><dd></dd></dl>", { beside: "Number" })).toBe("");
    expect(textAt("<div><span>Number</span><span></span><span>Plan</span></div>", { beside: "Number" })).toBe(
      "",
    );
  });

  test("keeps every word beside it: a qualifier is part of a status", () => {
    expect(textAt("<p><b>Status:</b> Approved <i>for review only</i></p>", { beside: "Status" })).toBe(
      "Approved for review only",
    );
  });

  test("is not given when two places say it", () => {
    const text = readFields("<dl><dt>Status</dt><dd>A</dd></dl><dl><dt>Status</dt><dd>B</dd></dl>", {
      status: field({ beside: "Status" }),
    });
    expect(text.fields).toEqual({});
    expect(problem(text)).toBe("several 2");
  });
});

describe("other ways to an element", () => {
  test("an id with dots needs no escape", () => {
    const find = { id: "search.requestingProvider.npi" };
    expect(textAt('<input id="search.requestingProvider.npi" value="1">', find)).toBe("1");
  });

  test("a test id may have spaces", () => {
    expect(
      textAt('<p data-testid="test Claim &quot;Status&quot;">A</p>', { test_id: 'test Claim "Status"' }),
    ).toBe("A");
  });

  test("a role with a name is whole, unless a part is asked for", () => {
    const page = show('<button>Search again</button><a href="/x"><img alt="Search"></a>');
    expect(locate(page, { role: "button", name: "Search" })).toHaveLength(0);
    expect(locate(page, { role: "button", name: "search", exact: false })).toHaveLength(1);
    expect(locate(page, { role: "link", name: "Search" })).toHaveLength(1);
  });

  test("an element that was given another role is not found by its own", () => {
    expect(locate(show('<a href="/x" role="button">Go</a>'), { role: "link", name: "Go" })).toHaveLength(0);
  });

  test("a text is whole, unless a part is asked for, and the innermost element counts", () => {
    const page = show("<div><p>No authorizations  found</p></div>");
    expect(locate(page, { text: "no authorizations found" }).map((one) => one.localName)).toEqual(["p"]);
    expect(locate(page, { text: "authorizations" })).toHaveLength(0);
    expect(locate(page, { text: "authorizations", exact: false })).toHaveLength(1);
  });

  test("a selector that can't be read finds nothing", () => {
    expect(locate(show("<p>A</p>"), { css: "p:::" })).toEqual([]);
  });

  test("an open shadow root is part of the page", () => {
    const page = show("<x-status></x-status>");
    const host = page.querySelector("x-status")!;
    host.attachShadow({ mode: "open" }).innerHTML = "<dl><dt>Status</dt><dd>Approved</dd></dl>";
    expect(locate(page, { beside: "Status" }).map((one) => one.textContent)).toEqual(["Approved"]);
    expect(locate(page, { beside: "Status", within: { css: "x-status" } })).toHaveLength(1);
  });
});

describe("a form whose fields shadow its properties", () => {
  test("is read like any other", () => {
    const html = `<form><input name="parentNode"><input name="id"><input name="getAttribute"><input name="shadowRoot">
      <input name="querySelectorAll"><dl><dt>Status</dt><dd>Approved</dd></dl></form>`;
    expect(textAt(html, { beside: "Status", within: { css: "form" } })).toBe("Approved");
  });
});
