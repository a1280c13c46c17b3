import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { defineConfig } from 'wxt';
import { hostPatterns, patternOf, type Portal } from './lib/portals';

const sandbox = process.env.TALLYSTICK_SANDBOX === '1';
const exported = join(import.meta.dirname, 'profiles.generated.json');

/** What `python -m portal_profiles.export` wrote; fictional portals exist only as sandboxes. */
function portals(): Portal[] {
  if (!existsSync(exported)) return [];
  const all = JSON.parse(readFileSync(exported, 'utf8')) as Portal[];
  return sandbox ? all : all.filter(({ fictional }) => !fictional).map((portal) => ({ ...portal, sandbox_origin: null }));
}

/** Gives the background its portals as the module `virtual:portals`. */
function portalsModule(): Plugin {
  const id = '\0virtual:portals';
  return {
    name: 'tallystick-portals',
    resolveId: (asked) => (asked === 'virtual:portals' ? id : undefined),
    load: (asked) => {
      if (asked !== id) return undefined;
      if (!existsSync(exported)) throw new Error('The portals were not exported: build with npm --prefix extension run build.');
      return `export const portals = ${JSON.stringify(portals())};`;
    },
  };
}

export default defineConfig({
  outDirTemplate: `${sandbox ? 'sandbox-' : ''}{{browser}}-mv{{manifestVersion}}`,
  imports: false,
  vite: () => ({
    plugins: [portalsModule()],
    build: { target: 'es2023' },
    resolve: {
      // The shared reader lies outside this folder; what it imports is taken from here.
      alias: { 'dom-accessibility-api': join(import.meta.dirname, 'node_modules/dom-accessibility-api') },
    },
  }),
  manifest: ({ browser }) => ({
    name: sandbox ? 'Tallystick (sandbox)' : '__MSG_extension_name__',
    description: '__MSG_extension_description__',
    default_locale: 'en',
    icons: { 16: 'icon/16.png', 32: 'icon/32.png', 48: 'icon/48.png', 128: 'icon/128.png' },
    action: {
      default_title: 'Tallystick',
      default_icon: { 16: 'icon/off-16.png', 32: 'icon/off-32.png' },
    },
    permissions: ['storage', 'scripting', 'activeTab', 'alarms'],
    optional_host_permissions: [...new Set(portals().flatMap(hostPatterns))],
    ...(sandbox ? { host_permissions: portals().flatMap(({ sandbox_origin }) => (sandbox_origin === null ? [] : [patternOf(sandbox_origin)])) } : {}),
    commands: {
      'next-issue': {
        suggested_key: { default: 'Alt+Shift+N' },
        description: '__MSG_command_next_issue__',
      },
    },
    content_security_policy: {
      // The server is the clinic's own, so its address is not known at build; nothing else is let out or in.
      extension_pages:
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src https: http:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    },
    ...(browser === 'firefox'
      ? {
          browser_specific_settings: {
            gecko: {
              id: 'tallystick@tallystick.example',
              strict_min_version: '142.0',
              data_collection_permissions: { required: ['healthInfo', 'personallyIdentifyingInfo', 'websiteContent'] },
            },
          },
        }
      : { minimum_chrome_version: '120', storage: { managed_schema: 'managed_schema.json' } }),
  }),
});
