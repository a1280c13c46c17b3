// This browser as a paired device: a key that cannot leave it, and the address of the clinic's server. No patient data.
import { browser } from 'wxt/browser';
import type { Pairing } from './messages';
import { inStore } from './store';

const KEY = 'device';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** A new P-256 key pair whose private half WebCrypto never gives out. */
export async function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
}

/** The key pair of the pairing, or null when there is none. */
export async function keptKeys(): Promise<CryptoKeyPair | null> {
  return (await inStore('keys', 'readonly', (store) => store.get(KEY) as IDBRequest<CryptoKeyPair | undefined>)) ?? null;
}

export async function keepKeys(keys: CryptoKeyPair): Promise<void> {
  await inStore('keys', 'readwrite', (store) => store.put(keys, KEY));
}

export async function dropKeys(): Promise<void> {
  await inStore('keys', 'readwrite', (store) => store.delete(KEY));
}

/** The pairing in local storage: address, device id and names only. */
export async function keptPairing(): Promise<Pairing | null> {
  const { pairing } = await browser.storage.local.get('pairing');
  return (pairing as Pairing | undefined) ?? null;
}

export async function keepPairing(pairing: Pairing): Promise<void> {
  await browser.storage.local.set({ pairing });
}

export async function dropPairing(): Promise<void> {
  await browser.storage.local.remove('pairing');
}
