import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Pairing } from '../lib/messages';
import { type Item, Outbox, type Parts } from '../lib/outbox';
import { seal, unseal } from '../lib/sealing';
import type { Reply } from '../lib/server';
import type { ReadingAnswer } from '../lib/state';

const pairing: Pairing = { address: 'https://tally.clinic.example', device_id: 'd1', name: 'desk', clinic: 'Riverbend Clinic', user: 'Admin' };
const taken: ReadingAnswer = {
  state: 'accepted', outcome: 'read', changes: [], message: 'The page was recorded.',
  reading: { id: 3, can_undo: true, determination: 'approved', determination_text: 'Approved', values: {} },
};
const body = { portal: 'north_plan', page: { member: 'XYZ100200301' } };
const away: Reply<ReadingAnswer> = { ok: false, because: 'server_not_reached', message: '', status: null };

let items: Map<string, Item>;
let parts: Parts & { post: ReturnType<typeof vi.fn>; settled: ReturnType<typeof vi.fn>; changed: ReturnType<typeof vi.fn> };
let outbox: Outbox;
let clock: number;

beforeEach(async () => {
  items = new Map();
  clock = 1_000_000;
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  parts = {
    key: () => Promise.resolve(key),
    items: {
      all: () => Promise.resolve([...items.values()]),
      put: (item) => { items.set(item.id, item); return Promise.resolve(); },
      remove: (id) => { items.delete(id); return Promise.resolve(); },
    },
    pairing: () => Promise.resolve(pairing),
    post: vi.fn<Parts['post']>().mockResolvedValue({ ok: true, value: taken, status: 201 }),
    alone: (work) => work(),
    settled: vi.fn<Parts['settled']>().mockResolvedValue(true),
    changed: vi.fn<Parts['changed']>().mockResolvedValue(),
    now: () => clock,
  };
  outbox = new Outbox(parts);
});

describe('a page that was recorded', () => {
  it('is sealed while it waits: nothing of it lies open', async () => {
    const id = await outbox.keep(pairing, 'North', body);
    const [item] = items.values();
    expect(item).toMatchObject({ id, at: 1_000_000, state: 'waiting' });
    expect(Object.keys(item ?? {}).sort()).toEqual(['at', 'id', 'sealed', 'state']);
    expect(Buffer.from(item?.sealed.text ?? new ArrayBuffer()).toString('latin1')).not.toMatch(/XYZ|north|clinic/i);
  });

  it('is sent under one key, however often it is tried, with how long ago it was seen', async () => {
    const id = await outbox.keep(pairing, 'North', body);
    parts.post.mockResolvedValueOnce(away);
    await outbox.send(id, true);
    expect(await outbox.list()).toMatchObject([{ id, state: 'waiting', because: 'server_not_reached', portal: 'North' }]);
    clock += 90_000;
    await outbox.send();
    expect(parts.post.mock.calls).toEqual([
      ['/api/v1/readings', { ...body, sent_key: id, seconds_ago: 0 }],
      ['/api/v1/readings', { ...body, sent_key: id, seconds_ago: 90 }],
    ]);
    expect(items.size).toBe(0);
    expect(parts.settled).toHaveBeenLastCalledWith(id, { kind: 'sent', answer: taken }, false);
    expect(parts.changed).toHaveBeenLastCalledWith({ waiting: 0, refused: 0 });
  });

  it.each<[string, Reply<ReadingAnswer>]>([
    ['not reached', away],
    ['too slow', { ok: false, because: 'too_slow', message: '', status: null }],
    ['failing', { ok: false, because: 'server_failed', message: '', status: 503 }],
    ['somebody else that answers no JSON', { ok: false, because: 'server_failed', message: '', status: null }],
    ['asking for less', { ok: false, because: 'server_failed', message: '', status: 429 }],
    ['refusing this browser', { ok: false, because: 'access_refused', message: '', status: 401 }],
  ])('waits while the server is %s, and what came after it waits behind it', async (_, reply) => {
    await outbox.keep(pairing, 'North', body);
    clock += 1;
    await outbox.keep(pairing, 'North', body);
    parts.post.mockResolvedValue(reply);
    await outbox.send();
    expect(parts.post).toHaveBeenCalledTimes(1);
    expect((await outbox.list()).map(({ state }) => state)).toEqual(['waiting', 'waiting']);
  });

  const refusal: Reply<ReadingAnswer> = { ok: false, because: 'server_failed', message: 'No authorization on file is this page\'s.', status: 404 };

  it('that the server refuses is kept for the person, who may throw it away', async () => {
    const id = await outbox.keep(pairing, 'North', body);
    parts.post.mockResolvedValue(refusal);
    await outbox.send();
    expect(await outbox.list()).toMatchObject([{ id, state: 'refused', message: "No authorization on file is this page's." }]);
    await outbox.send();
    expect(parts.post).toHaveBeenCalledTimes(1);
    await outbox.discard(id);
    expect(await outbox.list()).toEqual([]);
  });

  it('that is refused before the eyes of the person who recorded it is not kept', async () => {
    const id = await outbox.keep(pairing, 'North', body);
    parts.post.mockResolvedValue(refusal);
    await outbox.send(id, true);
    expect(items.size).toBe(0);
  });

  it("that turns out to be another patient's when nobody is looking is told, not lost", async () => {
    await outbox.keep(pairing, 'North', body);
    parts.settled.mockResolvedValue(false);
    parts.post.mockResolvedValue({ ok: true, value: { ...taken, state: 'rejected', message: "The page is another patient's." }, status: 201 });
    await outbox.send();
    expect(await outbox.list()).toMatchObject([{ state: 'refused', message: "The page is another patient's." }]);
  });

  it.each([{ address: 'https://elsewhere.example' }, { user: 'Somebody else' }, { clinic: 'Another clinic' }])(
    'never goes to another server or in another name (%j)',
    async (other) => {
      await outbox.keep(pairing, 'North', body);
      parts.pairing = () => Promise.resolve({ ...pairing, ...other });
      await outbox.send();
      expect(parts.post).not.toHaveBeenCalled();
      expect(await outbox.list()).toMatchObject([{ state: 'refused', because: 'another_pairing' }]);
    },
  );

  it('can only be thrown away once it was refused', async () => {
    const id = await outbox.keep(pairing, 'North', body);
    await outbox.discard(id);
    expect(items.size).toBe(1);
  });
});

it('what is sealed opens under its own name only', async () => {
  const key = await parts.key();
  const sealed = await seal(key, 'one', body);
  expect(await unseal(key, 'one', sealed)).toEqual(body);
  await expect(unseal(key, 'two', sealed)).rejects.toThrow();
});
