// Signed requests to the clinic's server, and what each failure means to the person at the page.
import type { Because } from './checking';

export interface Signer {
  address: string;
  device_id: string;
  key: CryptoKey;
}

export type Reply<T> =
  | { ok: true; value: T; status: number }
  | { ok: false; because: Because; message: string; status: number | null };

/** How long an answer may take; after that the person is told that it was too slow. */
export const PATIENCE_MS = 10_000;

export function base64url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

async function sha256hex(body: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The value of the header that proves a request: a signature over method, path with query, body hash, time and nonce.
 * `seconds`: Unix time. `nonce`: 16 random bytes, base64url.
 */
export async function signature(
  signer: Pick<Signer, 'device_id' | 'key'>,
  method: string,
  path: string,
  body: Uint8Array<ArrayBuffer>,
  seconds: number,
  nonce: string,
): Promise<string> {
  const text = [method, path, await sha256hex(body), String(seconds), nonce].join('\n');
  const signed = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, signer.key, new TextEncoder().encode(text));
  return (
    `Tallystick device="${signer.device_id}", time="${seconds}", nonce="${nonce}", ` +
    `signature="${base64url(new Uint8Array(signed))}"`
  );
}

/** A server address as typed -> its origin; null when it is none. Plain http only to this very machine. */
export function serverOrigin(typed: string): string | null {
  const text = typed.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(withScheme)) return null;
  const url = new URL(withScheme);
  if (url.username !== '' || url.password !== '') return null;
  const here = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && here) ? url.origin : null;
}

/** One request. `signer` null: a request that needs no access (pairing). Never throws for what the network does. */
export async function request<T>(
  address: string,
  signer: Signer | null,
  method: 'GET' | 'POST',
  path: string,
  what: unknown,
  stop?: AbortSignal,
): Promise<Reply<T>> {
  const body = new TextEncoder().encode(what === undefined ? '' : JSON.stringify(what));
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (what !== undefined) headers['Content-Type'] = 'application/json';
  if (signer) {
    const nonce = base64url(crypto.getRandomValues(new Uint8Array(16)));
    headers.Authorization = await signature(signer, method, path, body, Math.floor(Date.now() / 1000), nonce);
  }
  const patience = AbortSignal.timeout(PATIENCE_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(address + path, {
      method,
      headers,
      body: what === undefined ? null : body,
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: stop ? AbortSignal.any([patience, stop]) : patience,
    });
    text = await response.text();
  } catch (error) {
    const because = patience.aborted ? 'too_slow' : 'server_not_reached';
    return { ok: false, because, message: error instanceof Error ? error.name : '', status: null };
  }
  return understood<T>(response.status, text);
}

/** Status and body -> the value, or why not. An answer that is not JSON did not come from Tallystick. */
export function understood<T>(status: number, text: string): Reply<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, because: 'server_failed', message: '', status };
  }
  if (status >= 200 && status < 300) return { ok: true, value: json as T, status };
  const because = status === 401 ? 'access_refused' : status === 403 ? 'not_allowed' : 'server_failed';
  return { ok: false, because, message: sentence(json), status };
}

/** The sentence of the one error shape, with its fields' remedies. */
function sentence(json: unknown): string {
  const error = (json as { error?: { message?: unknown; fields?: { message?: unknown; remedy?: unknown }[] } } | null)?.error;
  const parts = [error?.message, ...(error?.fields ?? []).flatMap((field) => [field.message, field.remedy])];
  return parts.filter((part): part is string => typeof part === 'string' && part !== '').join(' ');
}
