// Seals what waits on this computer: AES-GCM with a key that WebCrypto never gives out.
import { inStore } from './store';

const KEY = 'outbox';

export interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  text: ArrayBuffer;
}

/** The key, made when it is first needed. Two that are made at once: the one kept first holds. */
export async function sealingKey(): Promise<CryptoKey> {
  const kept = await keptKey();
  if (kept) return kept;
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  try {
    await inStore('keys', 'readwrite', (store) => store.add(made, KEY));
    return made;
  } catch (error) {
    const first = await keptKey();
    if (first) return first;
    throw error;
  }
}

async function keptKey(): Promise<CryptoKey | null> {
  return (await inStore('keys', 'readonly', (store) => store.get(KEY) as IDBRequest<CryptoKey | undefined>)) ?? null;
}

/** `what` as JSON, sealed under a name: opened under another name, it does not open. */
export async function seal(key: CryptoKey, name: string, what: unknown): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(what));
  return { iv, text: await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(name) }, key, plain) };
}

export async function unseal(key: CryptoKey, name: string, { iv, text }: Sealed): Promise<unknown> {
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(name) }, key, text);
  return JSON.parse(new TextDecoder().decode(plain));
}
