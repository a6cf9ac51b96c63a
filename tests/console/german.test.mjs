/*
 * All pages in German against a running depotd: no sentence of depotd or of the console is English. What
 * machines and standards call things (OCPP's names, settings, codes) stays as it is.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromiumPath, launch } from "./browser.mjs";
import { Depot } from "./depot.mjs";
import { fill, pages } from "./filled.mjs";
import { axe, check, count, equal, noSideScroll, openPage, SCREENS, until } from "./kit.mjs";

/* Words that English sentences can hardly do without and German has not. */
const ENGLISH = /\b(the|is|are|were|of|and|with|not|it|its|for|from|this|that|has|have|will|been|be|by|or|which|when|until|no|than|only|they|them|to|there|nothing|nobody|each|does|would|can)\b/i;

/* What a reader sees, without what is typed, quoted or named by a standard. */
const said = (page) => page.evaluate(() => {
	const found = new Set();
	const add = (text) => found.add(text.replace(/\s+/g, " ").trim());
	const isOut = (e) => e.closest("script, noscript, style, code, pre, textarea, kbd, .mono, [lang=en], [data-foreign], [data-who]");
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (walk.currentNode.data.trim() && !isOut(e)) add([...e.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.data).join(""));
	}
	for (const e of document.querySelectorAll("[title], [aria-label], [placeholder]")) {
		if (isOut(e)) continue;
		for (const name of ["title", "aria-label", "placeholder"]) if (e.hasAttribute(name)) add(e.getAttribute(name));
	}
	return [...found];
});

async function whole(page) {
	await page.waitForSelector("h1");
	await until("all came", async () => (await page.locator("[aria-busy=true]").count()) === 0);
	await page.waitForTimeout(500);
}

async function main() {
	if (!chromiumPath()) throw new Error("no Chromium found; apt-get install chromium, or name one in CHROMIUM");
	mkdirSync(SCREENS, { recursive: true });
	const depot = new Depot();
	const browser = await launch();
	try {
		await depot.start();
		await fill(depot);
		const { page } = await openPage(browser.context, depot.base);
		await page.addInitScript(() => localStorage.setItem("depotd.language", "de"));
		await page.goto(depot.link());
		await whole(page);
		const only = process.env.ONLY?.split(",");
		for (const path of (await pages(depot)).filter((p) => only === undefined || only.includes(p))) {
			const name = path.split("/").slice(1, 2)[0] || "tonight";
			await check(`${path} is German`, async () => {
				await page.goto(depot.base + path);
				await whole(page);
				equal(await page.evaluate(() => document.documentElement.lang), "de", "language");
				equal((await said(page)).filter((line) => ENGLISH.test(line)), [], path);
			});
			await check(`${path} in German fits a phone`, async () => {
				await page.setViewportSize({ width: 360, height: 740 });
				await page.screenshot({ path: join(SCREENS, `de-${name}${path.split("/").length > 2 ? "-one" : ""}-360.png`), fullPage: true });
				await noSideScroll(page, path);
				await axe(page, path);
				await page.setViewportSize({ width: 1440, height: 1000 });
			});
		}
	} finally {
		await browser.close();
		await depot.stop();
	}
}

await main().catch((error) => {
	count.failed += 1;
	console.log(`  FAIL  ${error?.stack ?? error}`);
});
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed ? 1 : 0);
