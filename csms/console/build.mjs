/*
 * Builds the console: node build.mjs OUTDIR. Makes index.html and assets/NAME-HASH.{js,css,svg},
 * each with a .gz beside it, and prints the sizes. The folder is replaced as a whole.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const BUDGET = { ".js": 120_000, ".css": 20_000 }; /* compressed bytes, of what every page needs */
const ALL = 300_000; /* compressed, of everything */
const here = fileURLToPath(new URL(".", import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "../../build/console"));
const fresh = `${out}.new`;

const common = { bundle: true, write: false, logLevel: "warning", absWorkingDir: here };

async function messages() {
	const { outputFiles } = await esbuild.build({
		...common, entryPoints: ["src/messages/en.ts"], format: "esm",
	});
	return (await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`)).en;
}

function page(en, js, css, icon) {
	return `<!doctype html>
<html lang="${en.locale.slice(0, 2)}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${en.product}</title>
<link rel="icon" href="${icon}" type="image/svg+xml">
<link rel="stylesheet" href="${css}">
<script type="module" src="${js}"></script>
<body>
<noscript>${en.noScript}</noscript>
<div id="app"></div>
`;
}

let all = 0;

function put(name, contents, most) {
	const packed = gzipSync(contents, { level: 9 });
	writeFileSync(join(fresh, name), contents);
	writeFileSync(join(fresh, `${name}.gz`), packed);
	all += packed.length;
	if (packed.length > most) {
		throw new Error(`${name}: ${packed.length} bytes compressed, the budget is ${most}`);
	}
	console.log(`  ${name} ${contents.length} bytes, ${packed.length} compressed`);
	return packed.length;
}

const { outputFiles, metafile } = await esbuild.build({
	...common,
	entryPoints: [{ in: "src/main.tsx", out: "app" }],
	outdir: "assets",
	format: "esm",
	target: ["es2022", "chrome111", "firefox115", "safari16.4"],
	jsx: "automatic",
	jsxImportSource: "preact",
	minify: true,
	legalComments: "none",
	entryNames: "[name]-[hash]",
	chunkNames: "part-[hash]",
	splitting: true,
	metafile: true,
});

/* The compressed size of what is fetched with the first page: the entry and what it imports at once. */
function firstLoad() {
	const byPath = new Map(Object.entries(metafile.outputs));
	const entry = [...byPath].find(([, o]) => o.entryPoint === "src/main.tsx")[0];
	const needed = new Set([entry]);
	for (const path of needed) {
		for (const i of byPath.get(path).imports) if (i.kind === "import-statement") needed.add(i.path);
	}
	return { entry: basename(entry), needed: new Set([...needed].map((p) => basename(p))) };
}

rmSync(fresh, { recursive: true, force: true });
mkdirSync(join(fresh, "assets"), { recursive: true });
const names = {};
const { entry, needed } = firstLoad();
let first = 0;
for (const file of outputFiles) {
	const name = `assets/${basename(file.path)}`;
	if (extname(name) === ".css" || basename(name) === entry) names[extname(name)] = `/${name}`;
	const size = put(name, file.contents, extname(name) === ".css" ? BUDGET[".css"] : ALL);
	if (needed.has(basename(name))) first += size;
}
if (first > BUDGET[".js"]) throw new Error(`scripts of the first page: ${first} bytes compressed, the budget is ${BUDGET[".js"]}`);
const icon = readFileSync(join(here, "src/icon.svg"));
const iconName = `assets/icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
put(iconName, icon, ALL);
put("index.html", Buffer.from(page(await messages(), names[".js"], names[".css"], `/${iconName}`)), ALL);
if (all > ALL) throw new Error(`${all} bytes compressed in all, the budget is ${ALL}`);
console.log(`  first page ${first} of scripts, ${all} in all, compressed`);
rmSync(out, { recursive: true, force: true });
renameSync(fresh, out);
