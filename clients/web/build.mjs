// Builds the pages into dist/, from which they go into the server's program. With --check nothing is written: it fails
// unless dist/ is what the sources come to.
import { createHash } from "node:crypto";
import { readFile, readdir, rm, writeFile, mkdir } from "node:fs/promises";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const root = new URL("./", import.meta.url);
const dist = new URL("dist/", root);
const isCheck = process.argv.includes("--check");

/** What a file in dist/ is to a browser. */
const TYPES = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** Bytes of the first load of a page, compressed; more is refused. */
const LOAD_BYTES_MAX = 150 * 1024;

async function bundle(entry, options) {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(root),
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    target: ["chrome111", "firefox113", "safari16.4"],
    legalComments: "none",
    charset: "utf8",
    ...options,
  });
  return Buffer.from(outputFiles[0].contents);
}

/** Short, but no other content has it by chance. */
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 12);

const script = { format: "esm", jsx: "automatic", jsxImportSource: "preact" };
const sources = [
  ["app", "js", await bundle("src/main.tsx", script)],
  ["app", "css", await bundle("src/styles/main.css", {})],
  ["admin", "js", await bundle("src/admin/main.tsx", script)],
  ["admin", "css", await bundle("src/styles/admin.css", {})],
  ["icon", "svg", await readFile(new URL("src/icon.svg", root))],
];

const files = new Map();
const table = [];
/** What a page may name, with its name in dist/ and its bytes on the wire. */
const assets = [];
for (const [stem, type, bytes] of sources) {
  const name = `${stem}-${hash(bytes)}.${type}`;
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  const gzip = gzipSync(bytes, { level: 9 });
  files.set(name, bytes).set(`${name}.br`, brotli).set(`${name}.gz`, gzip);
  assets.push({ place: `{{${stem}.${type}}}`, name, load: gzip.length });
  table.push(
    "    Asset {",
    `        name: "${name}",`,
    `        content_type: "${TYPES[type]}",`,
    `        plain: include_bytes!("${name}"),`,
    `        gzip: include_bytes!("${name}.gz"),`,
    `        brotli: include_bytes!("${name}.br"),`,
    "    },",
  );
}
files.set("assets.rs", Buffer.from(["// Made by build.mjs.", "&[", ...table, "]", ""].join("\n")));

for (const stem of ["index", "admin"]) {
  let page = await readFile(new URL(`src/${stem}.html`, root), "utf8");
  let load = 0;
  for (const asset of assets.filter(({ place }) => page.includes(place))) {
    page = page.replace(asset.place, `/assets/${asset.name}`);
    load += asset.load;
  }
  load += Buffer.byteLength(page);
  files.set(`${stem}.html`, Buffer.from(page));
  files.set(`${stem}.hash`, Buffer.from(hash(page)));
  if (load > LOAD_BYTES_MAX) throw new Error(`a first load of ${stem} is ${load} bytes compressed, more than ${LOAD_BYTES_MAX}`);
  console.log(`first load of ${stem}.html: ${load} bytes compressed with gzip`);
}

await mkdir(dist, { recursive: true });
const present = await readdir(dist);
/** Compressors of other versions may choose other bytes; what they hold is compared by the plain file. */
const isCompressed = (name) => /\.(br|gz)$/.test(name);
if (isCheck) {
  for (const name of new Set([...present, ...files.keys()])) {
    const built = files.get(name);
    const kept = present.includes(name) ? await readFile(new URL(name, dist)) : undefined;
    if (built && kept && (isCompressed(name) || built.equals(kept))) continue;
    throw new Error(`dist/${name} is not what the sources come to; run \`npm run build\` in clients/web`);
  }
} else {
  for (const name of present) if (!files.has(name)) await rm(new URL(name, dist));
  for (const [name, bytes] of files) await writeFile(new URL(name, dist), bytes);
}
