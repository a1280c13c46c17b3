import { describe, expect, it } from 'vitest';
import type { Portal } from '../lib/portals';
import { hostPatterns, portalsOf } from '../lib/portals';
import { type BrowserSender, type Known, whoSent } from '../lib/trust';

const portal = (slug: string, ...origins: string[]): Portal => ({
  slug,
  name: slug,
  fictional: false,
  hosts: origins,
  sandbox_origin: null,
  reading_part: { slug, version: '1', pages: {} },
});

const north = portal('north_plan', 'https://portal.north.example', 'https://app.north.example');
const shared = portal('east_plan', 'https://app.north.example');
const portals = [north, shared];
const known: Known = {
  id: 'ours',
  origin: 'chrome-extension://ours',
  portals,
  granted: (pattern) => Promise.resolve(pattern === 'https://portal.north.example/*'),
};
const frame = (url: string, more: Partial<BrowserSender> = {}): BrowserSender => ({
  id: 'ours',
  url,
  origin: new URL(url).origin,
  frameId: 0,
  tab: { id: 7 },
  ...more,
});

describe('the portal of an address', () => {
  it('is found by its exact origin', () => {
    expect(portalsOf('https://portal.north.example/requests?x=1#y', portals)).toEqual([north]);
  });

  it('may be several when portals share a host', () => {
    expect(portalsOf('https://app.north.example/', portals)).toEqual([north, shared]);
  });

  it.each([
    'https://portal.north.example.evil.example/',
    'https://portal-north.example/',
    'https://xportal.north.example/',
    'http://portal.north.example/',
    'https://portal.north.example:8443/',
    'https://evil.example/portal.north.example',
    'https://portal.north.example@evil.example/',
    'https://рortal.north.example/',
    'data:text/html,portal.north.example',
    'not an address',
  ])('is none for the look-alike %s', (url) => {
    expect(portalsOf(url, portals)).toEqual([]);
  });

  it('is a sandbox only in a sandbox build, and only under its own name', () => {
    const sandboxed = { ...north, sandbox_origin: 'http://north-plan.localhost:8700' };
    expect(portalsOf('http://north-plan.localhost:8765/', [sandboxed])).toEqual([sandboxed]);
    expect(portalsOf('http://north-plan.localhost:8765/', portals)).toEqual([]);
    expect(portalsOf('http://north-plan.localhost.evil.example/', [sandboxed])).toEqual([]);
    expect(portalsOf('https://north-plan.localhost/', [sandboxed])).toEqual([]);
    expect(portalsOf('http://other.localhost/', [sandboxed])).toEqual([]);
  });

  it('asks for whole hosts, each once', () => {
    expect(hostPatterns(portal('x', 'https://a.example', 'https://a.example', 'https://b.example'))).toEqual([
      'https://a.example/*',
      'https://b.example/*',
    ]);
  });
});

describe('a sender', () => {
  it('is one of our own pages by its address', async () => {
    expect(await whoSent({ id: 'ours', url: 'chrome-extension://ours/popup.html' }, known)).toEqual({ trust: 'own' });
  });

  it('is a frame of a portal whose host is granted', async () => {
    expect(await whoSent(frame('https://portal.north.example/a'), known)).toEqual({
      trust: 'portal',
      tab: 7,
      frame: 0,
      origin: 'https://portal.north.example',
      portals: [north],
    });
  });

  it.each<[string, BrowserSender]>([
    ['another extension', { ...frame('https://portal.north.example/'), id: 'theirs' }],
    ['a page of another extension', { id: 'ours', url: 'chrome-extension://theirs/popup.html' }],
    ['a portal whose host is not granted', frame('https://app.north.example/')],
    ['a look-alike host', frame('https://portal.north.example.evil.example/')],
    ['a sandboxed frame, whose origin is opaque', frame('https://portal.north.example/', { origin: 'null' })],
    ['a sender without a tab', frame('https://portal.north.example/', { tab: undefined })],
    ['a sender without a frame', frame('https://portal.north.example/', { frameId: undefined })],
    ['a sender without an address', { id: 'ours', frameId: 0, tab: { id: 7 } }],
  ])('is nobody when it is %s', async (_, sender) => {
    expect((await whoSent(sender, known)).trust).toBeNull();
  });
});
