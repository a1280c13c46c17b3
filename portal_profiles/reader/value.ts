/** What an element says: the committed value of a control, the visible text of anything else. */

import { TEXT, attribute, data, folded, isElement, labelKey, nextSibling, query, tag } from "./dom";
import { accessibleName, dateGroup, isControl, isSecret } from "./names";
import { isLabel, type Scope } from "./locate";
import type { Survey } from "./survey";
import type { FieldText } from "./types";

/** An empty mask or a picker's own prompt: nothing has been typed. */
const PROMPT = /^(?:[\s_/.\-()]*_[\s_/.\-()]*|(?:m{1,4}|d{1,2}|y{2,4}|[\s/.\-])+)$/i;

const COMMITTING = "input, select, textarea, [role=combobox], [role=group], [role=radiogroup]";

/** The element's text, whether it is shown and editable, and of a select its committed value. */
export function read(scope: Scope, element: Element, way: number, label: string | null): FieldText {
  const { survey } = scope;
  const source = committing(survey, element, label);
  const { text, value } = isControl(source)
    ? controlText(survey, source)
    : { text: shownText(scope, source, label) };
  const field: FieldText = { text, shown: survey.shown(source), editable: editable(source), way };
  if (value !== undefined && value !== text) field.value = value;
  return field;
}

/** The one control inside a cell or a wrapper that says nothing else, or the element itself. */
function committing(survey: Survey, element: Element, label: string | null): Element {
  if (isControl(element)) return element;
  const controls = survey
    .all(COMMITTING, element)
    .filter(
      (inner) => isControl(inner) && !isSecret(inner) && dateGroup(inner) === null && survey.shown(inner),
    );
  const [only] = controls;
  if (only === undefined || controls.length !== 1) return element;
  const around = survey.text(
    element,
    200,
    (inner) => controls.includes(inner) || tag(inner) === "label" || isButton(inner),
  );
  return around === "" || (label !== null && labelKey(around) === labelKey(label)) ? only : element;
}

function controlText(survey: Survey, element: Element): { text: string; value?: string } {
  const name = tag(element);
  if (name === "select") return selectText(element as HTMLSelectElement);
  if (name === "textarea") return { text: typed((element as HTMLTextAreaElement).value) };
  if (name === "input") {
    const input = element as HTMLInputElement;
    if (input.type === "checkbox" || input.type === "radio") return { text: String(input.checked) };
    return { text: typed(input.value) };
  }
  const role = attribute(element, "role");
  if (role === "checkbox" || role === "radio" || role === "switch") {
    return { text: String(attribute(element, "aria-checked") === "true") };
  }
  const sections = query(element, "[role=spinbutton]");
  if (sections.length > 1) return { text: dateText(survey, element, sections) };
  if (name === "fieldset" || role === "radiogroup" || role === "group") return { text: chosen(element) };
  return { text: typed(survey.text(element)) };
}

function selectText(select: HTMLSelectElement): { text: string; value: string } {
  const options = [...select.selectedOptions].filter((option) => option.value !== "");
  return {
    text: options.map((option) => folded(option.label || option.text)).join(", "),
    value: options.map((option) => option.value).join(", "),
  };
}

/** A date in sections: the hidden input's text once every section is filled, "" until then. */
function dateText(survey: Survey, group: Element, sections: Element[]): string {
  if (sections.some((section) => attribute(section, "aria-valuenow") === null)) return "";
  const inputs = query(group, "input").filter((input) => !isSecret(input)) as HTMLInputElement[];
  const committed = inputs.map((input) => typed(input.value)).find((value) => value !== "");
  return committed ?? typed(survey.text(group).replace(/\s*([/.\-])\s*/g, "$1"));
}

function chosen(group: Element): string {
  const picked = query(group, "input[type=radio], [role=radio]").filter((radio) =>
    tag(radio) === "input"
      ? (radio as HTMLInputElement).checked
      : attribute(radio, "aria-checked") === "true",
  );
  return picked.map((radio) => accessibleName(radio)).join(", ");
}

/** What was typed, with an untouched mask or prompt taken as nothing. */
function typed(value: string): string {
  const text = folded(value);
  return PROMPT.test(text) ? "" : text;
}

/**
 * Visible text without the buttons beside it ("Copy"), unless there is nothing else; and without its own
 * label.
 */
function shownText({ survey, ...scope }: Scope, element: Element, label: string | null): string {
  const inner = label === null ? [] : query(element, "*");
  const own = inner.find(
    (one) => labelKey(survey.text(one, 200)) === labelKey(label ?? "") && survey.shown(one),
  );
  if (own === undefined) return survey.text(element, 4000, isButton) || survey.text(element);
  // Label and value share one element, as in <p><b>Status:</b> Approved</p>: up to the next label or line.
  let text = "";
  for (let node = nextSibling(own); node !== null; node = nextSibling(node)) {
    if (node.nodeType === TEXT) text += data(node);
    if (!isElement(node) || !survey.shown(node)) continue;
    if (tag(node) === "br" || isLabel(node, { survey, ...scope })) break;
    if (!isButton(node)) text += ` ${survey.text(node)}`;
  }
  return folded(text).replace(/^:\s*/, "");
}

function isButton(element: Element): boolean {
  return (
    tag(element) === "button" ||
    attribute(element, "role") === "button" ||
    attribute(element, "role") === "tooltip"
  );
}

function editable(element: Element): boolean {
  const name = tag(element);
  if (name === "input" || name === "select" || name === "textarea") {
    const control = element as HTMLInputElement;
    return !control.disabled && !control.readOnly && !control.matches(":disabled");
  }
  return (
    isControl(element) &&
    attribute(element, "aria-disabled") !== "true" &&
    attribute(element, "aria-readonly") !== "true"
  );
}
