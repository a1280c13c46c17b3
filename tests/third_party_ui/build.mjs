/** Builds both portals' pages into dist/, with the licence of every package that is in them. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

import { build } from "esbuild";

const { metafile } = await build({
  entryPoints: { mui: "src/mui.tsx", tables: "src/tables.js" },
  bundle: true, minify: true, format: "iife", jsx: "automatic", outdir: "dist", legalComments: "none",
  target: "chrome109", define: { "process.env.NODE_ENV": '"production"' }, metafile: true,
});

const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
  if (name !== null) packages.add(name[0]);
}
const licences = [...packages].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}package.json`, "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text = file !== undefined && existsSync(folder + file) ? readFileSync(folder + file, "utf8").trim() : "";
  return `${name} ${version} (${license})\n\n${text}`;
});
writeFileSync("dist/LICENCES.txt", `${licences.join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
