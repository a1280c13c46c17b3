// What the clinic's enterprise policy says: which server, and which portals are on offer. Nothing where there is none.
import { browser } from 'wxt/browser';
import type { Portal } from './portals';

interface Managed {
  server_address?: unknown;
  portals?: unknown;
}

async function managed(): Promise<Managed> {
  try {
    return await browser.storage.managed.get(['server_address', 'portals']);
  } catch (error) {
    // Firefox rejects when no policy exists at all; that is the usual case and means "not managed".
    if (error instanceof Error && /managed storage manifest not found/i.test(error.message)) return {};
    throw error;
  }
}

/** The server address that is set, or null. */
export async function managedAddress(): Promise<string | null> {
  const { server_address } = await managed();
  return typeof server_address === 'string' && server_address !== '' ? server_address : null;
}

/** The portals that may be switched on here: those that the policy names, all where it names none. */
export async function offered(portals: readonly Portal[]): Promise<Portal[]> {
  const { portals: named } = await managed();
  return Array.isArray(named) ? portals.filter(({ slug }) => named.includes(slug)) : [...portals];
}
