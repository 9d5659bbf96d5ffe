// Gathers what /docs and /redoc need into dist/, from which it goes into the server's program: Swagger UI and Redoc as
// npm has them, and the pages around them. With --check nothing is fetched or written: it fails unless dist/ is what
// the sources here come to, and each name has the hash of what it names.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const root = new URL("./", import.meta.url);
const dist = new URL("dist/", root);
const isCheck = process.argv.includes("--check");

/** What is taken from elsewhere. The integrity is that of package-lock files. */
const PACKAGES = [
  {
    name: "swagger-ui-dist",
    version: "5.35.0",
    integrity: "sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==",
    files: { "swagger-ui-bundle.js": "swagger-ui-bundle.js", "swagger-ui.css": "swagger-ui.css" },
    licences: ["LICENSE", "swagger-ui-bundle.js.LICENSE.txt"],
  },
  {
    // The last of the 2.x, which FastAPI shows too. 3.x is twice the size and reports how it is used.
    name: "redoc",
    version: "2.5.4",
    integrity: "sha512-M6jWhG1qoBnH6TFmzJnstyCZ87HmOY/UzDm78mHiYihEdlV/YcS9ogOo1NlElnJMeLsyxHFe2yFc4sNjHTrABQ==",
    files: { "redoc.standalone.js": "bundles/redoc.standalone.js" },
    licences: ["LICENSE", "bundles/redoc.standalone.js.LICENSE.txt"],
  },
];

/** Files of our own. */
const OWN = ["page.css", "swagger.js", "redoc.js"];
const PAGES = ["swagger.html", "redoc.html"];

const TYPES = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 12);
const own = async (name) => readFile(new URL(`src/${name}`, root));

/** The name of a file with a hash of its content in it. */
function hashed(name, bytes) {
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}-${hash(bytes)}${name.slice(dot)}`;
}

/** Replaces what has to be there once. */
function replaceOnce(text, from, to) {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`found ${parts.length - 1} times: ${from.slice(0, 80)}`);
  return parts.join(to);
}

/**
 * Redoc asks another server for a logo, and makes the script of its search from a text, for which a policy would have
 * to allow scripts from anywhere in the page. The logo is left out, the script becomes a file.
 */
function patchRedoc(bundle) {
  const logo = /e\?n\.createElement\("img",\{alt:"redocly logo",onError:\(\)=>t\(!1\),src:"https:[^"]*"\}\):null/.exec(bundle);
  bundle = replaceOnce(bundle, logo[0], "null");
  const begin = "new Worker(URL.createObjectURL(new Blob(['";
  const start = bundle.indexOf(begin);
  const end = bundle.indexOf("']))", start);
  const literal = bundle.slice(start + begin.length - 1, end + 1);
  const script = Buffer.from(new Function(`return ${literal}`)().replace(/\n\/\/# sourceMappingURL=.*$/, "\n"));
  const name = hashed("redoc.worker.js", script);
  bundle = replaceOnce(bundle, bundle.slice(start, end + "']))".length), `new Worker("/docs/${name}"`);
  return { bundle: Buffer.from(bundle), worker: script };
}

/** The files of the packages, each with its name, and their licences. */
async function fetched() {
  const files = [];
  const licences = [];
  for (const { name, version, integrity, files: wanted, licences: texts } of PACKAGES) {
    const folder = await mkdtemp(join(tmpdir(), "groupcast-docs-"));
    execFileSync("npm", ["pack", "--silent", `${name}@${version}`], { cwd: folder });
    const archive = join(folder, `${name}-${version}.tgz`);
    const found = `sha512-${createHash("sha512").update(await readFile(archive)).digest("base64")}`;
    if (found !== integrity) throw new Error(`${name}@${version} is ${found}`);
    execFileSync("tar", ["xzf", archive], { cwd: folder });
    const read = (path) => readFile(join(folder, "package", path));
    for (const [file, path] of Object.entries(wanted)) {
      const bytes = await read(path);
      if (name === "redoc") {
        const { bundle, worker } = patchRedoc(bytes.toString());
        files.push([file, bundle], ["redoc.worker.js", worker]);
      } else {
        files.push([file, bytes]);
      }
    }
    for (const path of texts) licences.push(`==== ${name} ${version}: ${path}\n\n${await read(path)}\n`);
    await rm(folder, { recursive: true });
  }
  return [...files, ["licences.txt", Buffer.from(licences.join("\n"))]];
}

/** The same as they stand in dist/. */
async function kept() {
  const files = [];
  for (const name of await readdir(dist)) {
    const match = /^(.*)-[0-9a-f]{12}(\.[a-z]+)\.gz$/.exec(name);
    const plain = match && `${match[1]}${match[2]}`;
    if (plain && !OWN.includes(plain) && plain !== "icon.svg") {
      files.push([plain, gunzipSync(await readFile(new URL(name, dist)))]);
    }
  }
  return files;
}

const foreign = await (isCheck ? kept() : fetched());
const sources = [...foreign, ["icon.svg", await readFile(new URL("../web/src/icon.svg", root))]];
for (const name of OWN) sources.push([name, await own(name)]);
sources.sort(([a], [b]) => (a < b ? -1 : 1));

const files = new Map();
const paths = new Map();
const table = [];
for (const [plain, bytes] of sources) {
  const name = hashed(plain, bytes);
  paths.set(plain, `/docs/${name}`);
  files.set(`${name}.gz`, gzipSync(bytes, { level: 9 }));
  const type = TYPES[plain.slice(plain.lastIndexOf(".") + 1)];
  table.push(`    ("${name}", "${type}", include_bytes!("${name}.gz")),`);
}
for (const page of PAGES) {
  const html = (await own(page)).toString().replace(/\{\{([^}]*)\}\}/g, (_, name) => paths.get(name));
  files.set(page, Buffer.from(html));
}
files.set("files.rs", Buffer.from(["// Made by build.mjs.", "&[", ...table, "]", ""].join("\n")));

await mkdir(dist, { recursive: true });
const present = await readdir(dist);
if (isCheck) {
  for (const name of new Set([...present, ...files.keys()])) {
    const built = files.get(name);
    const found = present.includes(name) ? await readFile(new URL(name, dist)) : undefined;
    // Compressors of other versions may choose other bytes; the name has the hash of what they hold.
    if (built && found && (name.endsWith(".gz") || built.equals(found))) continue;
    throw new Error(`dist/${name} is not what the sources come to; run \`node clients/docs/build.mjs\``);
  }
} else {
  for (const name of present) if (!files.has(name)) await rm(new URL(name, dist));
  for (const [name, bytes] of files) await writeFile(new URL(name, dist), bytes);
}
let size = 0;
for (const bytes of files.values()) size += bytes.length;
console.log(`/docs and /redoc: ${size} bytes in the program`);
