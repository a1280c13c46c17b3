import { describe, expect, test } from "vitest";

import { classify, locateField, locateRows, read } from "../read";
import { field, page, part, problem, readFields, show, textAt } from "./page";

describe("which page it is", () => {
  const pages = part({
    results: page({ kind: "results", sign: [{ css: "table" }] }),
    none: page({ kind: "no_results", sign: [{ text: "None found" }] }),
    search: page({
      kind: "search",
      sign: [{ css: "form" }],
      absent: [{ css: "table" }, { text: "None found" }],
    }),
    cookies: page({ kind: "overlay", sign: [{ css: ".cookies" }] }),
  });

  test.each([
    ["<form></form>", "search", []],
    ["<form></form><table></table>", "results", []],
    ["<form></form><p>None found</p>", "none", []],
    ["<form></form><div class=cookies></div>", "search", ["cookies"]],
    ["<div class=cookies></div>", null, ["cookies"]],
    ["<p>Something else</p>", null, []],
    ["<table></table><p>None found</p>", null, []],
    ["<form></form><table hidden style='display:none'></table>", "search", []],
  ])("%s", (html, name, overlays) => {
    expect(classify(show(html), pages)).toMatchObject({ page: name, overlays });
  });

  test("is not read when two pages fit, and both are named", () => {
    const text = read(show("<table></table><p>None found</p>"), pages);
    expect(text).toMatchObject({ page: null, fits: ["results", "none"], fields: {}, rows: {} });
  });

  test("has the path of the address without its query", () => {
    window.history.replaceState(null, "", "/detail?member=X1#Y2");
    expect(read(show(""), pages).url_path).toBe("/detail");
  });
});

describe("a field with several ways", () => {
  const ways = { beside: "Status" };
  const second = { fallback: [{ test_id: "status" }] };

  test("says when only the second way found it, with the nearest labels and no value", () => {
    const html =
      "<dl><dt>Statuss</dt><dd data-testid=status>Approved</dd><dt>Plan 12345</dt><dd>Secret</dd></dl>";
    const text = readFields(html, { status: field(ways, second) });
    expect(text.fields.status).toMatchObject({ text: "Approved", way: 1 });
    expect(text.problems).toEqual([
      { where: "fields.status", problem: "fallback", count: 1, candidates: ["Statuss"] },
    ]);
  });

  test("is not looked for further when the first way finds several", () => {
    const html = "<dl><dt>Status</dt><dd>A</dd></dl><dl><dt>Status</dt><dd data-testid=status>B</dd></dl>";
    expect(problem(readFields(html, { status: field(ways, second) }))).toBe("several 2");
  });

  test("is not given when the ways disagree and it was asked to compare them", () => {
    const html = "<dl><dt>Status</dt><dd>Approved</dd></dl><p data-testid=status>Denied</p>";
    const text = readFields(html, { status: field(ways, { ...second, compare: true }) });
    expect(text.fields).toEqual({});
    expect(problem(text)).toBe("disagree 2");
    expect(readFields(html, { status: field(ways, second) }).fields.status?.text).toBe("Approved");
  });

  test("is named with the nearest labels when it is required and gone", () => {
    const html =
      "<dl><dt>Review status</dt><dd>Approved</dd><dt>Plan</dt><dd>PPO</dd></dl><label>Stat <input></label>";
    const text = readFields(html, {
      status: field(ways, { required: true }),
      plan: field({ beside: "Gone" }),
    });
    expect(text.problems).toEqual([
      { where: "fields.status", problem: "nothing", count: 0, candidates: ["Stat", "Review status", "Plan"] },
    ]);
  });
});

describe("what a control says", () => {
  test("a select says its chosen option's text, and its value beside", () => {
    const html =
      '<label>Level <select><option value="">Choose</option><option value="OP" selected>Outpatient</option></select></label>';
    expect(readFields(html, { it: field({ css: "select" }) }).fields.it).toEqual({
      text: "Outpatient",
      value: "OP",
      shown: true,
      editable: true,
      way: 0,
    });
  });

  test.each([
    [
      "a select with nothing chosen",
      '<select><option value="" selected>Choose one</option><option>A</option></select>',
    ],
    ["an untouched mask", '<input value="__/__/____">'],
    ["a picker's prompt", '<input value="MM/DD/YYYY">'],
    ["spaces", '<input value="   ">'],
  ])("%s is empty", (_, html) => {
    expect(textAt(html, { css: "input, select" })).toBe("");
  });

  test("a group of radio buttons says the chosen one's label", () => {
    const html = `<fieldset><legend>Setting</legend><label><input type=radio name=s>Inpatient</label>
      <label><input type=radio name=s checked>Outpatient</label></fieldset>`;
    expect(textAt(html, { label: "Setting" })).toBe("Outpatient");
  });

  const sections = (day: string): string => `<label id="l">Start</label><div role="group" aria-labelledby="l">
    <span role="spinbutton" aria-label="Month" aria-valuenow="3">03</span><span aria-hidden="true">/</span>
    <span role="spinbutton" aria-label="Day" ${day}</span><span aria-hidden="true">/</span>
    <span role="spinbutton" aria-label="Year" aria-valuenow="1961">1961</span>
    <input value="03/12/1961" aria-hidden="true" tabindex="-1" style="display:none"></div>`;

  test("a date in sections says its date once all of them are filled", () => {
    expect(textAt(sections('aria-valuenow="12">\u206612\u2069'), { label: "Start" })).toBe("03/12/1961");
    expect(textAt(sections(">DD"), { label: "Start" })).toBe("");
  });

  test("a styled combobox says what it shows", () => {
    const html = '<span id="l">Plan</span><div role="combobox" aria-labelledby="l">PPO\u200b</div>';
    expect(textAt(html, { label: "Plan" })).toBe("PPO");
  });

  test("a password is never read, whatever the profile says", () => {
    const html =
      '<label>Password <input type="password" value="a"></label><input id="b" autocomplete="current-password" value="b">';
    const text = readFields(html, {
      one: field({ label: "Password" }),
      two: field({ css: "[type=password]" }),
      three: field({ id: "b" }),
      four: field({ css: "[type=password]" }, { hidden: true, stand_in: { css: "label" } }),
    });
    expect(text.fields).toEqual({});
  });

  test("a disabled or read-only control is shown and not editable", () => {
    const html = "<fieldset disabled><input id=a></fieldset><input id=b readonly>";
    const text = readFields(html, { a: field({ id: "a" }), b: field({ id: "b" }) });
    expect([text.fields.a?.editable, text.fields.b?.editable]).toEqual([false, false]);
  });
});

describe("a hidden control behind a styled one", () => {
  const html = (shown: string): string => `<select id="place" style="display:none"><option value="">-</option>
    <option value="11" selected>Office</option></select><span id="front" ${shown}>Office</span>`;
  const place = field({ id: "place" }, { hidden: true, stand_in: { id: "front" }, required: true });

  test("says what is committed while its front is seen", () => {
    const text = readFields(html(""), { place });
    expect(text.fields.place).toEqual({ text: "Office", value: "11", shown: true, editable: true, way: 0 });
  });

  test("says nothing when its front is hidden too", () => {
    const text = readFields(html('style="display:none"'), { place });
    expect(text.fields).toEqual({});
    expect(problem(text)).toBe("nothing 0");
  });

  test("is marked at its front", () => {
    const pages = part({ form: page({ fields: { place } }) });
    expect(locateField(show(html("")), pages, "form", "place")?.id).toBe("front");
  });
});

describe("rows", () => {
  const lines = (cells: Record<string, string>, row = "tbody tr") =>
    page({
      rows: {
        lines: {
          row: { css: row },
          required: false,
          cells: Object.fromEntries(Object.entries(cells).map(([name, column]) => [name, field({ column })])),
        },
      },
    });
  const texts = (html: string, spec = lines({ code: "Code", units: "Units" })) =>
    read(show(html), part({ detail: spec })).rows.lines?.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell.text])),
    );

  test("are read under their headers, in the page's order", () => {
    const html = `<table><thead><tr><th>Units</th><th>Code ▲</th></tr></thead>
      <tbody><tr><td>3</td><td>97110</td></tr><tr><td>4</td><td>97140</td></tr></tbody></table>`;
    expect(texts(html)).toEqual([
      { code: "97110", units: "3" },
      { code: "97140", units: "4" },
    ]);
  });

  test("count spans of columns and rows", () => {
    const html = `<table><thead><tr><th colspan="2">Service</th><th>Units</th></tr></thead>
      <tbody><tr><td rowspan="2">A</td><td>97110</td><td>3</td></tr><tr><td>97140</td><td>4</td></tr></tbody></table>`;
    expect(texts(html, lines({ units: "Units" }))).toEqual([{ units: "3" }, { units: "4" }]);
  });

  test("tell repeated headers apart by the header above them, and refuse them without it", () => {
    const html = `<table><thead><tr><th colspan="2">Requested</th><th colspan="2">Approved</th></tr>
      <tr><th>Code</th><th>Units</th><th>Code</th><th>Units</th></tr></thead>
      <tbody><tr><td>97530</td><td>9</td><td>97110</td><td>3</td></tr></tbody></table>`;
    expect(texts(html, lines({ asked: "Requested / Units", given: "Approved / Units" }))).toEqual([
      { asked: "9", given: "3" },
    ]);
    const unclear = read(show(html), part({ detail: lines({ units: "Units" }) }));
    expect(unclear.rows.lines).toEqual([{}]);
    expect(problem(unclear)).toBe("several 2");
  });

  test("leave out hidden rows, header rows and the row that says there is none", () => {
    const html = `<table><tr><th>Code</th><th>Units</th></tr><tr style="display:none"><td>1</td><td>2</td></tr>
      <tr><td colspan="2">No lines</td></tr><tr><td>97110</td><td>3</td></tr></table>`;
    expect(texts(html, lines({ code: "Code", units: "Units" }, "tr"))).toEqual([
      { code: "97110", units: "3" },
    ]);
  });

  test("are read from a grid of other elements", () => {
    const html = `<div role="grid"><div role="row"><b role="columnheader">Code</b><b role="columnheader">Units</b></div>
      <div role="row"><i role="gridcell">97110</i><i role="gridcell">3</i></div></div>`;
    expect(texts(html, lines({ code: "Code", units: "Units" }, "[role=row]"))).toEqual([
      { code: "97110", units: "3" },
    ]);
  });

  test("of a grid that draws only some columns are read by the columns' own numbers", () => {
    const html = `<div role="grid"><div role="row"><b role="columnheader" aria-colindex="2">Code</b>
      <b role="columnheader" aria-colindex="5">Units</b></div><div role="row"><i role="gridcell" aria-colindex="5">3</i></div>
      <div role="row"><i role="gridcell" aria-colindex="2">97110</i><i role="gridcell" aria-colindex="5">4</i></div></div>`;
    expect(texts(html, lines({ code: "Code", units: "Units" }, "[role=row]"))).toEqual([
      { units: "3" },
      { code: "97110", units: "4" },
    ]);
  });

  test("of a form have their own labels, and are marked by their place", () => {
    const spec = page({
      rows: {
        procedures: { row: { css: "fieldset" }, required: false, cells: { code: field({ label: "Code" }) } },
      },
    });
    const html =
      "<fieldset><label>Code <input id=a value=97110></label></fieldset><fieldset><label>Code <input id=b></label></fieldset>";
    const text = read(show(html), part({ form: spec }));
    expect(text.rows.procedures?.map((row) => row.code?.text)).toEqual(["97110", ""]);
    expect(locateField(document, part({ form: spec }), "form", "procedures[1].code")?.id).toBe("b");
    expect(locateField(document, part({ form: spec }), "form", "procedures[2].code")).toBeNull();
    expect(locateRows(document, part({ form: spec }), "form", "procedures")).toHaveLength(2);
  });

  test("are missed when they are required", () => {
    const spec = page({ rows: { lines: { row: { css: "tr" }, required: true, cells: {} } } });
    expect(problem(read(show("<p></p>"), part({ detail: spec })))).toBe("nothing 0");
  });
});

describe("a page that breaks what looks at it", () => {
  test("spoils only the field that it breaks, and that is said", () => {
    const page_ = show('<label>NPI <input id="npi"></label><dl><dt>Status</dt><dd>Approved</dd></dl>');
    Object.defineProperty(page_.getElementById("npi"), "labels", {
      get() {
        throw new Error("trap");
      },
    });
    const text = read(
      page_,
      part({
        detail: page({ fields: { npi: field({ label: "NPI" }), status: field({ beside: "Status" }) } }),
        other: page({ sign: [{ label: "NPI" }] }),
      }),
    );
    expect(text.page).toBe("detail");
    expect(text.fields.status?.text).toBe("Approved");
    expect(text.problems.map(({ where, problem: kind }) => `${where} ${kind}`)).toEqual([
      "pages.other failed",
      "fields.npi failed",
    ]);
  });
});
