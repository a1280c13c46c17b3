import { beforeEach, describe, expect, it, vi } from 'vitest';
import { browser } from 'wxt/browser';
import { managedAddress, offered } from '../lib/managed';
import type { Portal } from '../lib/portals';

const portal = (slug: string): Portal => ({
  slug, name: slug, fictional: true, hosts: [`https://${slug}.example`], sandbox_origin: null, reading_part: { slug, version: '1', pages: {} },
});
const portals = [portal('north'), portal('south')];

function policy(said: Record<string, unknown>): void {
  vi.spyOn(browser.storage.managed, 'get').mockResolvedValue(said as never);
}

describe('the clinic\'s policy', () => {
  beforeEach(() => {
    vi.restoreAllMocks();
  });

  it('offers only the portals that it names, whatever else it names', async () => {
    policy({ portals: ['south', 'nowhere'] });
    expect((await offered(portals)).map(({ slug }) => slug)).toEqual(['south']);
  });

  it('offers none where it names none of ours', async () => {
    policy({ portals: [] });
    expect(await offered(portals)).toEqual([]);
  });

  it('offers all where it says nothing of portals', async () => {
    policy({ server_address: 'https://tallystick.clinic.example' });
    expect(await offered(portals)).toEqual(portals);
    expect(await managedAddress()).toBe('https://tallystick.clinic.example');
  });

  it('is none where the browser has no policy', async () => {
    vi.spyOn(browser.storage.managed, 'get').mockRejectedValue(new Error('Managed storage manifest not found'));
    expect(await offered(portals)).toEqual(portals);
    expect(await managedAddress()).toBeNull();
  });

  it('is not taken for none where it cannot be read', async () => {
    vi.spyOn(browser.storage.managed, 'get').mockRejectedValue(new Error('corrupt'));
    await expect(offered(portals)).rejects.toThrow('corrupt');
  });
});
