/* What the console's browser tests share: checks, waiting, pages that are watched, axe. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const require = createRequire(new URL("../../csms/console/package.json", import.meta.url));
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const BUILD = resolve(process.env.BUILD ?? "build");
export const SCREENS = join(BUILD, "screens");
export const SIZES = [[1440, 1000], [820, 1100], [390, 844], [320, 640]];
const SLOW = Number(process.env.SLOW ?? 1); /* how many times slower the browser's pages run */
export const count = { passed: 0, failed: 0 };

export async function check(name, body) {
	const began = Date.now();
	try {
		await body();
		count.passed += 1;
		console.log(`  ok    ${name}, ${((Date.now() - began) / 1000).toFixed(1)} s`);
	} catch (error) {
		count.failed += 1;
		console.log(`  FAIL  ${name}\n        ${String(error?.message ?? error).split("\n").join("\n        ")}`);
	}
}

export function equal(got, want, what) {
	const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
	if (a !== b) throw new Error(`${what}: got ${a}, want ${b}`);
}

/* Waits for what is so in a moment on an idle machine, and later on a busy one. */
export async function until(what, test, ms = 30_000) {
	const end = Date.now() + ms;
	while (!(await test())) {
		if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
		await new Promise((r) => setTimeout(r, 50));
	}
}

/* A page shows a thing a moment after it knows it: waits until `get` gives `want`. */
export async function shows(get, want, what) {
	let got;
	const isSo = async () => {
		try {
			got = await get();
		} catch (error) {
			got = String(error);
		}
		return JSON.stringify(got) === JSON.stringify(want);
	};
	await until("", isSo).catch(() => equal(got, want, what));
}

/* Stands in for the page's clock: it stands still until pass(). */
function holdClock() {
	let now = 10_000;
	performance.now = () => now;
	window.passTime = (ms) => { now += ms; };
}

/* Lets time pass for the page, and for the stand-in server if it is told. */
export async function pass(page, ms, mock) {
	if (mock) mock.passed += ms;
	await page.evaluate((t) => window.passTime(t), ms);
}

/*
 * A page that collects what must not happen on any: CSP reports, errors, requests to other hosts.
 * With `isHeld` its clock moves by pass() alone, so that an age is the same on a slow machine.
 */
export async function openPage(context, base, isHeld = false) {
	const page = await context.newPage();
	const bad = [];
	if (isHeld) await page.addInitScript(holdClock);
	if (SLOW > 1) await (await context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: SLOW });
	await page.addInitScript(() => {
		document.addEventListener("securitypolicyviolation", (e) => {
			console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`);
		});
	});
	page.on("console", (m) => /CSP:|Content Security Policy/.test(m.text()) && bad.push(m.text()));
	page.on("pageerror", (e) => bad.push(`error: ${e.message}`));
	page.on("request", (r) => {
		if (!r.url().startsWith(base) && !r.url().startsWith("blob:")) bad.push(`foreign request: ${r.url()}`);
	});
	return { page, bad };
}

export const text = (page, selector) => page.locator(selector).first().innerText();
export const plain = (s) => s.replace(/[\u202f\u00a0\s]+/g, " ").trim();

/* Nothing is wider than the window, once what follows its size has followed. */
export async function noSideScroll(page, what) {
	const widths = () => page.evaluate(() => new Promise((done) => {
		requestAnimationFrame(() => requestAnimationFrame(() => done([document.documentElement.scrollWidth, innerWidth])));
	}));
	let [content, width] = await widths();
	for (const end = Date.now() + 10_000; content > width && Date.now() < end;) [content, width] = await widths();
	if (content > width) {
		const wide = await page.evaluate(() => [...document.querySelectorAll("body *")]
			.filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, .vh, .skip"))
			.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)));
		throw new Error(`${what}: ${content} px of content in ${width} px; ${wide.join(" | ")}`);
	}
}

export async function axe(page, what) {
	/* Through the debugger, which the page's policy does not bind. */
	if (!await page.evaluate(() => "axe" in window)) await page.evaluate(AXE);
	const found = await page.evaluate(() => window.axe.run(document, {
		resultTypes: ["violations"],
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	}).then((r) => r.violations.map((v) =>
		`${v.impact} ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} (${n.any[0]?.message ?? ""})`).join(", ")}`)));
	const serious = found.filter((v) => /^(serious|critical)/.test(v));
	if (serious.length) throw new Error(`${what}: ${serious.join("\n")}`);
	return found;
}

/* The page at each width in light, at two in dark: no sideways scroll, on the narrow one targets for a
 * thumb; nothing serious by axe, whose rules look at colours or at the layout; a picture of each. */
export async function looks(page, name, sizes = SIZES) {
	await look(page, name, [["light", sizes, 390], ["dark", sizes.filter(([w]) => w === 1440 || w === 390), 1440]]);
}

/* The same at fewer sizes: the desk in both, the phone and the narrowest in light. */
export async function looksFew(page, name) {
	await look(page, name, [["light", SIZES.filter(([w]) => w !== 820), 390], ["dark", SIZES.slice(0, 1), 1440]]);
}

async function look(page, name, schemes) {
	for (const [scheme, sizes, judged] of schemes) {
		await page.emulateMedia({ colorScheme: scheme });
		for (const [width, height] of sizes) {
			await check(`${name}: ${width} px ${scheme} fits`, async () => {
				await page.setViewportSize({ width, height });
				await noSideScroll(page, name);
				await page.screenshot({ path: join(SCREENS, `${name}-${width}-${scheme}.png`), fullPage: true });
				for (const v of width === judged ? await axe(page, name) : []) console.log(`        note: ${v}`);
				if (width === 390) await thumbs(page);
			});
		}
	}
	await page.emulateMedia({ colorScheme: "light" });
	await page.setViewportSize({ width: 1440, height: 1000 });
}

export async function thumbs(page) {
	const small = await page.evaluate(() => [...document.querySelectorAll("button, summary, nav.bottom a, select, input:not([type=checkbox]):not([type=radio])")]
		.map((e) => [e.innerText || e.tagName, e.getBoundingClientRect()])
		.filter(([, r]) => r.width > 0 && r.height < 47.5).map(([t, r]) => `${t} ${r.height}`));
	equal(small, [], "too small for a thumb");
}
