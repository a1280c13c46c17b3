/**
 * What elements are called: accessible names the way browsers compute them, asked only where they could
 * match.
 */

import { computeAccessibleName } from "dom-accessibility-api";

import { attribute, folded, isElement, key, labelKey, nearest, parentNode, query, tag } from "./dom";
import type { Survey } from "./survey";

const CONTROLS =
  "input, select, textarea, [role=combobox], [role=textbox], [role=searchbox], [role=listbox], " +
  "[role=spinbutton], " +
  "[role=checkbox], [role=radio], [role=switch], [role=group], [role=radiogroup], fieldset";

const IMPLICIT: Record<string, string> = {
  alert: "",
  article: "article",
  button: "button, summary, input[type=button], input[type=submit], input[type=reset], input[type=image]",
  cell: "td",
  checkbox: "input[type=checkbox]",
  columnheader: "th",
  combobox: "select:not([multiple]), input[list]",
  dialog: "dialog",
  form: "form",
  group: "fieldset, details",
  heading: "h1, h2, h3, h4, h5, h6",
  img: "img",
  link: "a[href], area[href]",
  list: "ul, ol",
  listitem: "li",
  main: "main",
  navigation: "nav",
  option: "option",
  radio: "input[type=radio]",
  region: "section",
  row: "tr",
  searchbox: "input[type=search]",
  status: "output",
  table: "table",
  textbox:
    "textarea, input:not([type]), input[type=text], input[type=email], input[type=tel], input[type=url]",
};

/** Whether the element takes secrets: those are never read. */
export function isSecret(element: Element): boolean {
  if (tag(element) !== "input") return false;
  if ((attribute(element, "type") ?? "").toLowerCase() === "password") return true;
  return /\b(current-password|new-password|one-time-code)\b/i.test(attribute(element, "autocomplete") ?? "");
}

/** Whether the element is one control to a person: a plain one, or a group whose parts make up one value. */
export function isControl(element: Element): boolean {
  const name = tag(element);
  if (name === "select" || name === "textarea") return true;
  if (name === "input") return !/^(button|submit|reset|image|file)$/i.test(attribute(element, "type") ?? "");
  const role = attribute(element, "role");
  if (name === "fieldset" || role === "radiogroup" || role === "group") return isOneValue(element);
  if (role === "spinbutton") return dateGroup(element) === null;
  return /^(combobox|textbox|searchbox|listbox|checkbox|radio|switch)$/.test(role ?? "");
}

/** A group whose parts are one value: radio buttons of one name, or the sections of a date. */
function isOneValue(group: Element): boolean {
  if (query(group, "[role=spinbutton]").length > 1) return true;
  const radios = query(group, "input[type=radio], [role=radio]");
  const others = query(group, "input:not([type=radio]):not([type=hidden]), select, textarea");
  return radios.length > 1 && others.length === 0;
}

/** The group of which this section of a date is a part, or null. */
export function dateGroup(section: Element): Element | null {
  const parent = parentNode(section);
  const group = isElement(parent) ? nearest(parent, "[role=group]") : null;
  return group !== null && query(group, "[role=spinbutton]").length > 1 ? group : null;
}

export function accessibleName(element: Element, hidden = false): string {
  return folded(computeAccessibleName(element, { hidden }));
}

/** Everything that the name could be made of, cheaply: a text that is not in here can't be in the name. */
function rawName(survey: Survey, element: Element): string {
  const parts = [
    attribute(element, "aria-label"),
    attribute(element, "title"),
    attribute(element, "placeholder"),
  ];
  parts.push(attribute(element, "value"), attribute(element, "alt"));
  for (const id of (attribute(element, "aria-labelledby") ?? "").split(/\s+/)) {
    if (id !== "") parts.push(...survey.all(`[id="${id.replace(/["\\]/g, "\\$&")}"]`).map(content));
  }
  const labels = (element as HTMLInputElement).labels;
  if (labels instanceof NodeList) parts.push(...[...labels].map(content));
  if (tag(element) === "fieldset") parts.push(...query(element, "legend").map(content));
  return parts.join(" ");
}

function content(element: Element): string {
  return element.textContent ?? "";
}

/** The controls that this label names. A hidden one counts only when hidden ones are asked for. */
export function labelled(
  survey: Survey,
  label: string,
  exact: boolean,
  scope: Element | null,
  hidden: boolean,
): Element[] {
  const wanted = labelKey(label);
  return survey.all(CONTROLS, scope).filter((element) => {
    if (!isControl(element)) return false;
    if (!key(rawName(survey, element)).includes(wanted)) return false;
    if (!hidden && !survey.shown(element)) return false;
    const name = labelKey(accessibleName(element, hidden));
    return exact ? name === wanted : name.includes(wanted);
  });
}

/** The visible elements of this role and, where one is given, of this name. */
export function withRole(
  survey: Survey,
  role: string,
  name: string | undefined,
  exact: boolean,
  scope: Element | null,
): Element[] {
  const implicit = IMPLICIT[role];
  const selector = implicit
    ? `[role~=${JSON.stringify(role)}], ${implicit}`
    : `[role~=${JSON.stringify(role)}]`;
  const wanted = name === undefined ? null : key(name);
  return survey.all(selector, scope).filter((element) => {
    const own = (attribute(element, "role") ?? "").trim().split(/\s+/)[0];
    if (own !== undefined && own !== "" && own !== role) return false;
    if (wanted !== null && !mayBeNamed(survey, element, wanted)) return false;
    if (!survey.shown(element)) return false;
    if (wanted === null) return true;
    const called = key(accessibleName(element));
    return exact ? called === wanted : called.includes(wanted);
  });
}

/** A cheap look before the costly name: pictures and nested names may say what the text does not. */
function mayBeNamed(survey: Survey, element: Element, wanted: string): boolean {
  if (element.childElementCount > 0 && query(element, "img, svg, [aria-label], [title], slot").length > 0)
    return true;
  return key(`${rawName(survey, element)} ${content(element)}`).includes(wanted);
}

/**
 * The names that the page's controls go by, for naming the nearest when a declared label is gone. Never
 * values.
 */
export function controlNames(survey: Survey): string[] {
  const found = new Set<string>();
  for (const element of survey.all(CONTROLS)) {
    if (found.size >= 300) break;
    if (!isControl(element) || !survey.shown(element)) continue;
    const name = attribute(element, "aria-label") ?? "";
    if (name !== "" && name.length <= 60 && !/\d{4}/.test(name)) found.add(folded(name));
  }
  return [...found];
}
