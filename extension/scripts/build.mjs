// Builds the extension: takes the hosts and reading parts from the portal profiles, then runs WXT.
//   node scripts/build.mjs [--firefox] [--sandbox] [--zip]
// --sandbox: also reads the profiles' sandboxes on this machine (http://<slug>.localhost), without asking.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, zip } from 'wxt';

const extension = join(dirname(fileURLToPath(import.meta.url)), '..');
const repository = join(extension, '..');
const wanted = new Set(process.argv.slice(2));
const known = ['--firefox', '--sandbox', '--zip'];
for (const word of wanted) {
  if (!known.includes(word)) {
    console.error(`Unknown option ${word}. Known: ${known.join(' ')}`);
    process.exit(2);
  }
}

const inVenv = join(repository, '.venv', 'bin', 'python');
const python = process.env.TALLYSTICK_PYTHON ?? (existsSync(inVenv) ? inVenv : 'python3');
const sandboxPort = process.env.TALLYSTICK_SANDBOX_PORT ?? '8765';
const exported = spawnSync(
  python,
  [
    '-m',
    'portal_profiles.export',
    join(extension, 'profiles.generated.json'),
    ...(wanted.has('--sandbox') ? ['--sandbox-port', sandboxPort] : []),
  ],
  { cwd: repository, stdio: ['ignore', 'ignore', 'inherit'] },
);
if (exported.error || exported.status !== 0) {
  console.error(
    `The portal profiles could not be exported with ${python}. Try: ` +
      `${python} -m portal_profiles.export extension/profiles.generated.json ` +
      '(another Python: TALLYSTICK_PYTHON=...)',
  );
  process.exit(3);
}

if (wanted.has('--sandbox')) process.env.TALLYSTICK_SANDBOX = '1';
const config = {
  root: extension,
  browser: wanted.has('--firefox') ? 'firefox' : 'chrome',
  manifestVersion: 3,
};
await (wanted.has('--zip') ? zip(config) : build(config));
