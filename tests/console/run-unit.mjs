/* Bundles each unit test of the console's pure functions and runs them under node:test. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const require = createRequire(new URL("../../csms/console/package.json", import.meta.url));
const esbuild = require("esbuild");
const out = mkdtempSync(join(tmpdir(), "console-unit-"));
const tests = readdirSync(join(here, "unit")).filter((f) => f.endsWith(".test.ts"));

try {
	esbuild.buildSync({
		entryPoints: tests.map((f) => join(here, "unit", f)),
		bundle: true, platform: "node", format: "esm", outdir: out, outExtension: { ".js": ".mjs" },
		define: { REPO: JSON.stringify(join(here, "../..")) },
		nodePaths: [fileURLToPath(new URL("../../csms/console/node_modules", import.meta.url))],
	});
	const files = tests.map((f) => join(out, f.replace(/\.ts$/, ".mjs")));
	const run = spawnSync(process.execPath, ["--test", "--test-reporter=tap", ...files], { encoding: "utf8" });
	const count = (word) => Number(new RegExp(`^# ${word} (\\d+)`, "m").exec(run.stdout)?.[1] ?? 0);
	const failed = run.status === 0 ? 0 : Math.max(1, count("fail"));
	if (failed) process.stdout.write(run.stdout + run.stderr);
	console.log(`console unit: ${count("pass")} passed, ${failed} failed`);
	process.exitCode = failed ? 1 : 0;
} finally {
	rmSync(out, { recursive: true, force: true });
}
