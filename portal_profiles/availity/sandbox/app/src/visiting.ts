/**
 * Going from view to view without a new document. Each address gives its view's data as JSON when it is asked
 * that way, and the whole document when it is opened anew.
 */

import { createContext, useContext } from 'react';

import type { Shown } from './views';

/** Goes to an address; with a body, posts it there. */
export type Visit = (address: string, body?: unknown) => Promise<void>;

export const Visiting = createContext<Visit>(() => Promise.resolve());

export const useVisit = (): Visit => useContext(Visiting);

/** What stands at an address, and the address after redirects; null when another document took the page's place. */
export async function ask(address: string, body?: unknown): Promise<{ at: string; shown: Shown } | null> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const answer = await fetch(address, {
    headers,
    method: body === undefined ? 'GET' : 'POST',
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (answer.headers.get('Content-Type')?.startsWith('application/json') && answer.ok) {
    return { at: new URL(answer.url).pathname + new URL(answer.url).search, shown: (await answer.json()) as Shown };
  }
  replaceDocument(await answer.text());
  return null;
}

/** Signed out, down for maintenance, an error: the server's own page for it takes this one's place. */
export function replaceDocument(html: string): void {
  document.open();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- a whole document is what the server gave
  document.write(html);
  document.close();
}
