/* Every pair of tokens that carries text or meaning, in both themes, by the WCAG 2 formula. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

declare const REPO: string;

const css = readFileSync(join(REPO, "csms/console/src/style/tokens.css"), "utf8");

function tokens(block: string | undefined): Record<string, string> {
	assert.ok(block);
	return Object.fromEntries([...block.matchAll(/--(\w+): (#[0-9a-f]{6})/g)].map((m) => [m[1]!, m[2]!]));
}

const THEMES = {
	light: tokens(/^:root \{([^}]*)\}/m.exec(css)?.[1]),
	dark: tokens(/^:root\[data-theme="dark"\] \{([^}]*)\}/m.exec(css)?.[1]),
	system: tokens(/prefers-color-scheme: dark\) \{\s*:root[^{]*\{([^}]*)\}/.exec(css)?.[1]),
	print: tokens(/@media print \{\s*:root[^{]*\{([^}]*)\}/.exec(css)?.[1]),
};

function luminance(hex: string): number {
	const [r, g, b] = [1, 3, 5].map((i) => {
		const c = parseInt(hex.slice(i, i + 2), 16) / 255;
		return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function ratio(a: string, b: string): number {
	const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
	return (hi! + 0.05) / (lo! + 0.05);
}

const TEXT: [string, string[]][] = [
	["ink", ["bg", "surface", "sunk", "badbg", "warnbg"]],
	["ink2", ["bg", "surface", "sunk", "badbg", "warnbg"]],
	["ink3", ["bg", "surface", "sunk"]],
	["act", ["bg", "surface"]], ["actink", ["act"]],
	["ok", ["surface"]], ["warn", ["surface", "warnbg"]],
	["bad", ["surface", "bg"]], ["badink", ["bad"]],
	["surface", ["ink"]],
];
const SHAPES: [string, string[]][] = [
	["edge", ["surface", "bg"]], ["warnmark", ["surface"]], ["power", ["surface", "badbg"]],
	["base", ["surface"]], ["bad", ["badbg"]],
];

for (const [theme, colours] of Object.entries(THEMES)) {
	test(`${theme}: text has 4.5 to 1, shapes 3 to 1`, () => {
		for (const [pairs, least] of [[TEXT, 4.5], [SHAPES, 3]] as const) {
			for (const [fore, backs] of pairs) {
				for (const back of backs) {
					const got = ratio(colours[fore]!, colours[back]!);
					assert.ok(got >= least, `${fore} on ${back}: ${got.toFixed(2)}`);
				}
			}
		}
	});
}

test("the system's dark theme is the chosen dark theme", () => {
	assert.deepEqual(THEMES.system, THEMES.dark);
	assert.deepEqual(Object.keys(THEMES.light).sort(), Object.keys(THEMES.dark).sort());
});
