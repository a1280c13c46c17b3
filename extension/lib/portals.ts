// Which portal a page belongs to. The hosts come from the profiles at build; nothing is typed here.
import type { ReadingPart } from './reader';

/** One portal as `python -m portal_profiles.export` writes it. */
export interface Portal {
  slug: string;
  name: string;
  fictional: boolean;
  /** Origins, e.g. `https://portal.example`. */
  hosts: string[];
  /** Where the portal's sandbox is, in a sandbox build; its port does not matter. */
  sandbox_origin: string | null;
  reading_part: ReadingPart;
}

/** The match pattern of an origin: patterns of the browsers name no port. */
export function patternOf(origin: string): string {
  const { protocol, hostname } = new URL(origin);
  return `${protocol}//${hostname}/*`;
}

/** The match patterns that must be granted before anything of this portal is read. */
export function hostPatterns({ hosts }: Pick<Portal, 'hosts'>): string[] {
  return [...new Set(hosts.map(patternOf))];
}

/** The portals of one origin (several may share a host); look-alike hosts, other schemes and other ports have none. */
export function portalsOf(url: string, portals: readonly Portal[]): Portal[] {
  if (!URL.canParse(url)) return [];
  const { origin } = new URL(url);
  return portals.filter(
    ({ hosts, sandbox_origin }) =>
      hosts.some((host) => new URL(host).origin === origin) ||
      (sandbox_origin !== null && patternOf(sandbox_origin) === patternOf(url)),
  );
}
