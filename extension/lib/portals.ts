// Which portal a page belongs to. The hosts come from the profiles at build; nothing is typed here.
import type { ReadingPart } from './reader';

/** One portal as `python -m portal_profiles.export` writes it. */
export interface Portal {
  slug: string;
  name: string;
  fictional: boolean;
  hosts: { origin: string; use: string }[];
  reading_part: ReadingPart;
}

/** The sandbox of a portal: `http://<slug with dashes>.localhost`, at any port, as browsers resolve it themselves. */
export function sandboxHost(portal: Pick<Portal, 'slug'>): string {
  return `${portal.slug.replaceAll('_', '-')}.localhost`;
}

/** Match pattern of a portal's sandbox (patterns of the browsers name no port). */
export function sandboxPattern(portal: Pick<Portal, 'slug'>): string {
  return `http://${sandboxHost(portal)}/*`;
}

/** The match patterns that must be granted before anything of this portal is read. */
export function hostPatterns(portal: Pick<Portal, 'hosts'>): string[] {
  return [...new Set(portal.hosts.map((host) => `${new URL(host.origin).origin}/*`))];
}

/** The portals of one origin (several may share a host); look-alike hosts, other schemes and other ports have none. */
export function portalsOf(url: string, portals: readonly Portal[], sandbox: boolean): Portal[] {
  if (!URL.canParse(url)) return [];
  const { protocol, hostname, origin } = new URL(url);
  return portals.filter(
    (portal) =>
      portal.hosts.some((host) => new URL(host.origin).origin === origin) ||
      (sandbox && protocol === 'http:' && hostname === sandboxHost(portal)),
  );
}
