// Every word that a person reads comes from _locales: no string of the interface is outside the table.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import english from '../public/_locales/en/messages.json';
import spanish from '../public/_locales/es/messages.json';

type Table = Record<string, { message: string; placeholders?: Record<string, { content: string }> }>;

const root = join(import.meta.dirname, '..');
const sources = ['lib', 'entrypoints'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name)),
);
/** What stands in no language: the product's name. */
const NAMES = new Set(['Tallystick', 'Tallystick:']);
/** Attributes that a person sees or hears. */
const READ = new Set(['aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext', 'alt', 'title', 'placeholder', 'label']);
/** Properties that put text in front of a person. */
const SHOWN = new Set(['textContent', 'innerText', 'title', 'placeholder', 'ariaLabel', 'alt']);

const wordy = (text: string): boolean => /\p{L}{2}/u.test(text) && !NAMES.has(text.trim()) && !/^https:\/\/\S+$/.test(text);

/** The literal texts that an expression can come to; calls are not looked into, since t(...) is one. */
function literals(node: ts.Expression): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.flatMap((span) => [span.literal.text, ...literals(span.expression)])];
  if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)) return literals(node.expression);
  if (ts.isSpreadElement(node)) return literals(node.expression);
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap((one) => literals(one));
  if (ts.isBinaryExpression(node)) {
    const kind = node.operatorToken.kind;
    if (kind === ts.SyntaxKind.AmpersandAmpersandToken) return literals(node.right);
    if (kind === ts.SyntaxKind.PlusToken || kind === ts.SyntaxKind.QuestionQuestionToken || kind === ts.SyntaxKind.BarBarToken) return [...literals(node.left), ...literals(node.right)];
  }
  return [];
}

const nameOf = (name: ts.PropertyName): string => (ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : '');

interface Seen {
  outside: string[];
  keys: string[];
  prefixes: string[];
}

/** What one source shows outside the table, and which of the table's sentences it names. */
export function seen(file: string, text: string): Seen {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Seen = { outside: [], keys: [], prefixes: [] };
  const told = (node: ts.Expression): void => {
    for (const literal of literals(node)) if (wordy(literal)) found.outside.push(`${file}: ${literal}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first, second] = node.arguments;
      const called = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : ts.isIdentifier(node.expression) ? node.expression.text : '';
      if (called === 'h') {
        for (const child of node.arguments.slice(2)) told(child);
        if (second && ts.isObjectLiteralExpression(second)) {
          for (const property of second.properties) {
            if (ts.isPropertyAssignment(property) && READ.has(nameOf(property.name))) told(property.initializer);
          }
        }
      }
      if (called === 'setAttribute' && first && second && ts.isStringLiteral(first) && READ.has(first.text)) told(second);
      if (called === 'append' || called === 'replaceChildren' || called === 'createTextNode') for (const child of node.arguments) told(child);
      if ((called === 't' || called === 'getMessage' || called === 'button' || called === 'takeButton') && first) {
        if (ts.isTemplateExpression(first)) found.prefixes.push(first.head.text);
        else found.keys.push(...literals(first));
      }
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken && ts.isPropertyAccessExpression(node.left) && SHOWN.has(node.left.name.text)) told(node.right);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const all = sources.map((file) => seen(file, readFileSync(join(root, file), 'utf8')));
const tables: [string, Table][] = [['English', english], ['Spanish', spanish]];

describe('the strings of the interface', () => {
  it('are none of them outside the table', () => {
    expect(all.flatMap(({ outside }) => outside)).toEqual([]);
  });

  it.each([
    ["h('p', {}, 'Hello there')"],
    ["h('p', {}, ok && `Read ${when}`)"],
    ["h('b', { title: late ? 'Too late' : t('x') })"],
    ["button.setAttribute('aria-label', 'Close it')"],
    ["said.textContent = 'Not kept'"],
  ])('would be found outside it in %s', (code) => {
    expect(seen('a.ts', code).outside).toHaveLength(1);
  });

  it('in the pages themselves are the name alone', () => {
    for (const page of ['popup', 'options']) {
      const html = readFileSync(join(root, 'entrypoints', page, 'index.html'), 'utf8');
      expect(html.replaceAll(/<[^>]*>/g, ' ').split(/\s+/).filter(Boolean)).toEqual(['Tallystick', 'Tallystick']);
      expect(html).not.toMatch(/\b(aria-label|title|placeholder)=/);
    }
  });

  it.each(tables)('that the code names are in the %s table', (_, table) => {
    expect(all.flatMap(({ keys }) => keys).filter((key) => !Object.hasOwn(table, key))).toEqual([]);
    expect(all.flatMap(({ prefixes }) => prefixes).filter((prefix) => !Object.keys(table).some((key) => key.startsWith(prefix)))).toEqual([]);
  });

  it('have the same keys and the same places for values in both languages', () => {
    const places = (table: Table) => Object.entries(table).map(([key, { message, placeholders }]) => [key, Object.keys(placeholders ?? {}), [...message.matchAll(/\$[A-Z]+\d\$/g)].map(([place]) => place).sort()]);
    expect(places(spanish)).toEqual(places(english));
  });

  it('are all said in Spanish: none stands there as in English but for names, numbers and words that are the same', () => {
    const same = Object.entries(english as Table).filter(([key, { message }]) => (spanish as Table)[key]?.message === message && wordy(message.replaceAll(/\$[A-Z]+\d\$/g, '')));
    expect(same.map(([key]) => key).sort()).toEqual(['field_plan']);
  });
});
