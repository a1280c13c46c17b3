// Pages that a person recorded, from the click until the server has them: sealed, sent once, refused aloud, never lost.
import type { Because } from './checking';
import type { Pairing } from './messages';
import { seal, type Sealed, unseal } from './sealing';
import type { Reply } from './server';
import type { ReadingAnswer } from './state';

/** What is sent to POST /api/v1/readings, the key and the age aside. */
export interface Captured {
  portal: string;
  page: unknown;
  picture?: string;
  check_id?: number;
}

/** One page as it waits. Only its name, its time and its state lie open; all else is sealed. */
export interface Item {
  id: string;
  /** When the page was seen, ms since 1970 by this computer's clock. */
  at: number;
  state: 'waiting' | 'refused';
  sealed: Sealed;
}

/** What is sealed. It goes only to the server and person that this browser was paired with when it was recorded. */
interface Content {
  to: Pick<Pairing, 'address' | 'clinic' | 'user'>;
  portal_name: string;
  body: Captured;
  because: Because | null;
  message: string;
}

/** What the person is told of one. */
export interface Waiting {
  id: string;
  at: number;
  state: 'waiting' | 'refused';
  portal: string;
  because: Because | null;
  message: string;
}

/** What became of one try. kept: it waits for the next one. */
export type Outcome =
  | { kind: 'sent'; answer: ReadingAnswer }
  | { kind: 'kept' | 'refused'; because: Because; message: string };

export interface Parts {
  key: () => Promise<CryptoKey>;
  items: {
    all: () => Promise<Item[]>;
    put: (item: Item) => Promise<void>;
    remove: (id: string) => Promise<void>;
  };
  pairing: () => Promise<Pairing | null>;
  post: (path: string, body: unknown) => Promise<Reply<ReadingAnswer>>;
  /** One at a time over all of this extension that runs; while another is at it, it is waited for, or left to it. */
  alone: (work: () => Promise<void>, wait: boolean) => Promise<void>;
  /** Told after each try. seen: the person is looking. Answers whether it is shown where it was recorded. */
  settled: (id: string, outcome: Outcome, seen: boolean) => Promise<boolean>;
  /** Told whenever what waits may have changed. */
  changed: (counts: { waiting: number; refused: number }) => Promise<void>;
  now: () => number;
}

/** Statuses after which the same request may yet be taken. */
const AGAIN = new Set([408, 425, 429]);

export class Outbox {
  constructor(private readonly parts: Parts) {}

  /** Seals a page and keeps it; answers the name under which it is sent, once. Throws where it can't be kept. */
  async keep(pairing: Pairing, portal_name: string, body: Captured): Promise<string> {
    const id = crypto.randomUUID();
    const { address, clinic, user } = pairing;
    const content: Content = { to: { address, clinic, user }, portal_name, body, because: null, message: '' };
    await this.store({ id, at: this.parts.now(), state: 'waiting' }, content);
    return id;
  }

  /**
   * Tries to send what waits, oldest first, or only one; stops at the first that does not get through. `seen`: the
   * person is looking, so that a refusal needs no keeping.
   */
  async send(only: string | null = null, seen = false): Promise<void> {
    await this.parts.alone(async () => {
      const waiting = (await this.parts.items.all()).filter(({ id, state }) => state === 'waiting' && (only === null || id === only));
      for (const item of waiting.sort((a, b) => a.at - b.at)) {
        const content = await this.contentOf(item);
        const outcome = await this.tried(item, content);
        await this.settle(item, content, outcome, seen);
        if (outcome.kind === 'kept') break;
      }
    }, only !== null);
    await this.tell();
  }

  async list(): Promise<Waiting[]> {
    const items = (await this.parts.items.all()).sort((a, b) => a.at - b.at);
    return Promise.all(
      items.map(async (item) => {
        const { portal_name, because, message } = await this.contentOf(item);
        return { id: item.id, at: item.at, state: item.state, portal: portal_name, because, message };
      }),
    );
  }

  /** Throws one away that was refused. Only ever called on a person's act. */
  async discard(id: string): Promise<void> {
    const item = (await this.parts.items.all()).find((one) => one.id === id);
    if (item?.state === 'refused') await this.parts.items.remove(id);
    await this.tell();
  }

  private async tried(item: Item, content: Content): Promise<Outcome> {
    const pairing = await this.parts.pairing();
    if (!pairing) return { kind: 'kept', because: 'not_paired', message: '' };
    const { address, clinic, user } = content.to;
    if (pairing.address !== address || pairing.clinic !== clinic || pairing.user !== user) {
      return { kind: 'refused', because: 'another_pairing', message: '' };
    }
    const reply = await this.parts.post('/api/v1/readings', {
      ...content.body,
      sent_key: item.id,
      seconds_ago: Math.max(0, Math.round((this.parts.now() - item.at) / 1000)),
    });
    if (reply.ok) return { kind: 'sent', answer: reply.value };
    const { status, because, message } = reply;
    const isRefused = because === 'server_failed' && status !== null && status >= 400 && status < 500 && !AGAIN.has(status);
    return { kind: isRefused ? 'refused' : 'kept', because, message };
  }

  private async settle(item: Item, content: Content, outcome: Outcome, seen: boolean): Promise<void> {
    const shown = await this.parts.settled(item.id, outcome, seen);
    // Another patient's page is taken by the server and kept by nobody: somebody must hear of it.
    const lost = outcome.kind === 'refused' || (outcome.kind === 'sent' && outcome.answer.state === 'rejected');
    if (outcome.kind !== 'kept' && (!lost || (seen && shown))) {
      await this.parts.items.remove(item.id);
      return;
    }
    const because = outcome.kind === 'sent' ? null : outcome.because;
    const message = outcome.kind === 'sent' ? outcome.answer.message : outcome.message;
    await this.store({ ...item, state: lost ? 'refused' : 'waiting' }, { ...content, because, message });
  }

  private async store({ id, at, state }: Omit<Item, 'sealed'>, content: Content): Promise<void> {
    await this.parts.items.put({ id, at, state, sealed: await seal(await this.parts.key(), id, content) });
    await this.tell();
  }

  private async contentOf(item: Item): Promise<Content> {
    return (await unseal(await this.parts.key(), item.id, item.sealed)) as Content;
  }

  private async tell(): Promise<void> {
    const items = await this.parts.items.all();
    const waiting = items.filter(({ state }) => state === 'waiting').length;
    await this.parts.changed({ waiting, refused: items.length - waiting });
  }
}
