/** A document as HTML that shows the same without its programs: values as they are, open shadow roots, rules of style. */

import { attribute, childNodes, data, isElement, shadowRoot, tag, TEXT } from "./dom";
import { isSecret } from "./names";

const VOID = /^(area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/;
const LEFT_OUT = /^(script|noscript|link|meta|base|style|iframe|frame|object|embed)$/;

/** The document's HTML. Secrets are never in it. */
export function snapshot(root: Document): string {
  return `<!doctype html>\n${written(root.documentElement, rules(root.styleSheets))}`;
}

function written(element: Element, sheet: string): string {
  const name = tag(element);
  if (LEFT_OUT.test(name)) return "";
  const start = `<${name}${attributes(element)}>`;
  if (VOID.test(name)) return start;
  const inner = [...childNodes(element)].map(text).join("");
  const own = name === "textarea" ? escaped((element as HTMLTextAreaElement).value) : inner;
  const styles = name === "head" && sheet !== "" ? `<style>${sheet}</style>` : "";
  return `${start}${shadow(element)}${own}${styles}</${name}>`;
}

function text(node: ChildNode): string {
  if (isElement(node)) return written(node, "");
  return node.nodeType === TEXT ? escaped(data(node)) : "";
}

function shadow(element: Element): string {
  const root = shadowRoot(element);
  if (root === null) return "";
  const sheet = rules([...root.styleSheets, ...root.adoptedStyleSheets]);
  const inner = [...childNodes(root)].map(text).join("");
  return `<template shadowrootmode="open">${sheet === "" ? "" : `<style>${sheet}</style>`}${inner}</template>`;
}

function attributes(element: Element): string {
  const values = new Map<string, string>();
  for (const name of element.getAttributeNames()) values.set(name, attribute(element, name) ?? "");
  if (element instanceof HTMLInputElement) {
    values.delete("checked");
    if (isSecret(element)) values.delete("value");
    else if (element.type !== "checkbox" && element.type !== "radio") values.set("value", element.value);
    else if (element.checked) values.set("checked", "");
  }
  if (element instanceof HTMLOptionElement) {
    values.delete("selected");
    if (element.selected) values.set("selected", "");
  }
  return [...values].map(([name, value]) => ` ${name}="${escaped(value).replace(/"/g, "&quot;")}"`).join("");
}

/** The rules of style sheets as text; those of another origin can't be read and are left out. */
function rules(sheets: Iterable<CSSStyleSheet>): string {
  let found = "";
  for (const sheet of sheets) {
    try {
      for (const rule of sheet.cssRules) found += `${rule.cssText}\n`;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return found.replace(/<\//g, "<\\/");
}

function escaped(value: string): string {
  return value.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
