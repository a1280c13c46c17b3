// The clinic's server as this browser is paired with it: pairing, and requests in the device's name.
import { browser } from 'wxt/browser';
import { dropKeys, dropPairing, keepKeys, keepPairing, keptKeys, keptPairing, makeKeys } from './device';
import { managedAddress } from './managed';
import type { Done, Pairing } from './messages';
import { type Reply, request, serverOrigin, type Signer } from './server';

/** One request signed by this device; `not_paired` when there is no pairing. */
export async function askServer<T>(
  method: 'GET' | 'POST',
  path: string,
  what: unknown,
  stop?: AbortSignal,
): Promise<Reply<T>> {
  const [pairing, keys] = await Promise.all([keptPairing(), keptKeys()]);
  if (!pairing || !keys) return { ok: false, because: 'not_paired', message: '', status: null };
  const signer: Signer = { address: pairing.address, device_id: pairing.device_id, key: keys.privateKey };
  return request<T>(pairing.address, signer, method, path, what, stop);
}

/**
 * Pairs with the server at `address` by the code that its dashboard shows. A new key pair each time; it is kept only
 * once the server has taken it, so a failed try leaves an older pairing as it was.
 */
export async function pair(address: string, code: string, name: string): Promise<Done> {
  const origin = serverOrigin((await managedAddress()) ?? address);
  if (origin === null) return { ok: false, because: 'server_not_reached', message: browser.i18n.getMessage('address_wrong') };
  const keys = await makeKeys();
  const reply = await request<{ device_id: string | number; clinic: string; user: string }>(
    origin,
    null,
    'POST',
    '/api/v1/devices/pair',
    {
      code: code.replaceAll(/[\s-]/g, '').toUpperCase(),
      name: name.trim(),
      public_key: await publicHalf(keys),
    },
  );
  if (!reply.ok) return reply;
  await keepKeys(keys);
  const { device_id, clinic, user } = reply.value;
  await keepPairing({ address: origin, device_id: String(device_id), name: name.trim(), clinic, user });
  return { ok: true };
}

async function publicHalf(keys: CryptoKeyPair): Promise<JsonWebKey> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
  return { kty: kty ?? '', crv: crv ?? '', x: x ?? '', y: y ?? '' };
}

/** Whether the server still knows this device; keeps the clinic's and the user's names as it says them. */
export async function verify(): Promise<Done> {
  const reply = await askServer<{ name: string; clinic: string; user: string }>('GET', '/api/v1/devices/me', undefined);
  if (!reply.ok) return reply;
  const pairing = await keptPairing();
  if (pairing) {
    const { name, clinic, user } = reply.value;
    const now: Pairing = { ...pairing, name, clinic, user };
    await keepPairing(now);
  }
  return { ok: true };
}

/** Forgets the pairing and destroys the key. The server keeps the device until it is revoked in the dashboard. */
export async function forget(): Promise<void> {
  await dropPairing();
  await dropKeys();
}
