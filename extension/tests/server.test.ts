import { createHash, webcrypto } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeKeys } from '../lib/device';
import { request, serverOrigin, signature, understood } from '../lib/server';

afterEach(() => {
  vi.unstubAllGlobals();
});

const bytes = (text: string) => new TextEncoder().encode(text);

async function genuine(keys: CryptoKeyPair, header: string, signed: string): Promise<boolean> {
  const raw = Buffer.from(/signature="([^"]+)"/.exec(header)?.[1] ?? '', 'base64url');
  return webcrypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, keys.publicKey, raw, bytes(signed));
}

describe('a signature', () => {
  it('covers method, path with query, body, time and nonce, each on its line', async () => {
    const keys = await makeKeys();
    const body = '{"a":1}';
    const header = await signature({ device_id: 'd1', key: keys.privateKey }, 'POST', '/api/v1/checks?x=1', bytes(body), 1_700_000_000, 'bm9uY2U');
    const hash = createHash('sha256').update(body).digest('hex');
    expect(header).toMatch(/^Tallystick device="d1", time="1700000000", nonce="bm9uY2U", signature="[\w-]{86}"$/);
    expect(await genuine(keys, header, `POST\n/api/v1/checks?x=1\n${hash}\n1700000000\nbm9uY2U`)).toBe(true);
    expect(await genuine(keys, header, `POST\n/api/v1/checks?x=2\n${hash}\n1700000000\nbm9uY2U`)).toBe(false);
  });

  it('is made with a key that cannot be taken out of the browser', async () => {
    const { privateKey } = await makeKeys();
    await expect(crypto.subtle.exportKey('jwk', privateKey)).rejects.toThrow();
  });

  it('has a fresh nonce of 16 bytes for every request', async () => {
    const keys = await makeKeys();
    const nonces: string[] = [];
    vi.stubGlobal('fetch', (_: string, init: { headers: Record<string, string> }) => {
      nonces.push(/nonce="([^"]+)"/.exec(init.headers.Authorization ?? '')?.[1] ?? '');
      return Promise.resolve(new Response('{}'));
    });
    const signer = { address: 'https://t.example', device_id: 'd1', key: keys.privateKey };
    await request(signer.address, signer, 'POST', '/api/v1/checks', {});
    await request(signer.address, signer, 'POST', '/api/v1/checks', {});
    expect(nonces.map((nonce) => Buffer.from(nonce, 'base64url').length)).toEqual([16, 16]);
    expect(nonces[0]).not.toBe(nonces[1]);
  });
});

describe('a request', () => {
  it('says that the server was not reached when nothing answers', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await request('https://t.example', null, 'GET', '/x', undefined)).toMatchObject({ ok: false, because: 'server_not_reached' });
  });

  it('sends no cookies and follows no redirect', async () => {
    const seen: RequestInit[] = [];
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      seen.push(init);
      return Promise.resolve(new Response('{}'));
    });
    await request('https://t.example', null, 'GET', '/x', undefined);
    expect(seen[0]).toMatchObject({ credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer' });
  });

  it.each([
    [200, '{"a":1}', { ok: true, value: { a: 1 }, status: 200 }],
    [200, '<html>a proxy</html>', { ok: false, because: 'server_failed', message: '', status: 200 }],
    [401, '{"error":{"code":"x","message":"Revoked."}}', { ok: false, because: 'access_refused', message: 'Revoked.', status: 401 }],
    [
      422,
      '{"error":{"message":"Bad.","fields":[{"field":"code","message":"Used up.","remedy":"Ask for a new one."}]}}',
      { ok: false, because: 'server_failed', message: 'Bad. Used up. Ask for a new one.', status: 422 },
    ],
    [500, '{"error":{"message":{"html":"<b>"}}}', { ok: false, because: 'server_failed', message: '', status: 500 }],
  ])('answered with %i %s is understood', (status, text, expected) => {
    expect(understood(status, text)).toEqual(expected);
  });
});

describe('a server address', () => {
  it.each([
    ['https://tally.clinic.example/', 'https://tally.clinic.example'],
    ['tally.clinic.example:8750', 'https://tally.clinic.example:8750'],
    [' http://127.0.0.1:8750/x ', 'http://127.0.0.1:8750'],
    ['http://localhost:8750', 'http://localhost:8750'],
  ])('%s is taken', (typed, origin) => {
    expect(serverOrigin(typed)).toBe(origin);
  });

  it.each(['http://tally.clinic.example', 'ftp://x', 'javascript://alert', 'https://user:word@x.example', 'https://', ''])(
    '%s is refused: patient data would go in the clear, or nowhere',
    (typed) => {
      expect(serverOrigin(typed)).toBeNull();
    },
  );
});
