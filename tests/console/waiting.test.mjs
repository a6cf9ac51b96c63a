/*
 * A page says nothing before it knows it. Each page of a running depotd is loaded once, what it was
 * answered is kept, and the page is loaded again with those very answers: with all of them late, with
 * each one of them late, and with each one of them failed. Whatever stands there then and does not
 * stand there when all is known was a claim.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromiumPath, launch } from "./browser.mjs";
import { Depot } from "./depot.mjs";
import { fill, pages } from "./filled.mjs";
import { check, count, equal, openPage, SCREENS, until } from "./kit.mjs";

const SHAPE_MS = 350; /* grey shapes come after 300 ms */
const LANES = 2;

/* The whole snapshot of the stream, and no more: it stays as it was. */
async function snapshot(page) {
	return page.evaluate(async () => {
		const reply = await fetch("/api/v1/stream", { headers: { "accept-language": "en" } });
		const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
		let text = "";
		while (!/event: ?overview[^]*?\n\n/.test(text)) text += (await reader.read()).value;
		await reader.cancel();
		return text.slice(0, text.indexOf("\n\n", text.search(/event: ?overview/)) + 2);
	});
}

/* Answers of depotd, kept by what was asked; `mode` of each: "now", "late" or "failed". */
class Tape {
	constructor(page, stream) {
		this.page = page;
		this.stream = stream;
		this.kept = new Map();
		this.mode = () => "now";
		this.waits = [];
		this.streams = 0; /* of this load: the first one ends with its snapshot, the next says nothing */
		this.busy = 0;
	}

	async start() {
		await this.page.route("**/api/v1/**", async (route) => {
			this.busy += 1;
			try {
				await this.#answer(route);
			} catch { /* the page has gone on */
			} finally {
				this.busy -= 1;
			}
		});
	}

	async #answer(route) {
		const request = route.request();
		const url = new URL(request.url());
		for (const since of ["from", "to"]) if (/\/(power|wire)$/.test(url.pathname)) url.searchParams.delete(since);
		const what = url.pathname.slice("/api/v1".length) + url.search;
		if (request.method() !== "GET") { /* an editor asks whether its text is good */
			await route.continue();
			return;
		}
		const mode = what === "/session" ? "now" : this.mode(what);
		if (what === "/stream") this.streams += 1;
		if (mode === "late" || (what === "/stream" && this.streams > 1)) {
			this.busy -= 1;
			await new Promise((resolve) => this.waits.push(resolve));
			this.busy += 1;
		}
		if (mode === "failed") {
			await route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ title: "The store is busy", status: 503, detail: "try again" }) });
		} else if (what === "/stream") {
			await route.fulfill({ status: 200, contentType: "text/event-stream", body: this.stream });
		} else {
			if (!this.kept.has(what)) {
				const reply = await route.fetch();
				this.kept.set(what, { status: reply.status(), contentType: reply.headers()["content-type"], body: await reply.text() });
			}
			await route.fulfill(this.kept.get(what));
		}
	}

	release() {
		for (const go of this.waits.splice(0)) go();
	}

	/* Nothing is on its way any more, and what came is drawn. */
	async still() {
		let calm = 0;
		while (calm < 3) {
			await this.page.waitForTimeout(40);
			calm = this.busy === 0 ? calm + 1 : 0;
		}
	}
}

/* What a reader sees, each element's own words; what says that it waits or failed, and the head of a
 * panel that failed, are left out. */
const said = (page) => page.evaluate(() => {
	const main = document.querySelector("#main");
	const found = new Set();
	const walk = document.createTreeWalker(main ?? document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		const isOut = e.closest("[aria-busy=true], [data-failed], script, style") || e.closest(".panel:has([data-failed]) > header");
		if (!walk.currentNode.data.trim() || isOut || e.getClientRects().length === 0) continue;
		found.add([...e.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.data).join("").replace(/\s+/g, " ").trim());
	}
	return [...found];
});

class Reader {
	constructor(page, tape, base) {
		this.page = page;
		this.tape = tape;
		this.base = base;
	}

	async load(path, mode) {
		this.tape.release();
		this.tape.streams = 0;
		await this.page.goto("about:blank"); /* the page before asks no more */
		await this.tape.still();
		this.tape.mode = mode;
		await this.page.goto(this.base + path);
		await this.page.waitForSelector("[aria-busy=true], h1", { state: "attached" });
		await this.tape.still();
		await this.page.waitForTimeout(SHAPE_MS);
		return said(this.page);
	}

	/* All of it, twice, the second time from what was kept. */
	async whole(path, asked) {
		for (let i = 0; i < 2; i += 1) {
			await this.load(path, (what) => {
				asked.add(what);
				return "now";
			});
			await until(`nothing is waited for on ${path}`, async () => (await this.page.locator("#app [aria-busy=true]").count()) === 0);
			await this.page.waitForTimeout(700);
			await this.tape.still();
		}
		const names = await this.page.locator("nav a span, nav a").allTextContents();
		const end = new Set([...await said(this.page), ...names.map((n) => n.trim()), "VAN 01"]);
		if (await this.page.locator("[data-failed]").count()) throw new Error(`something fails on ${path} as it is: ${await this.page.locator("[data-failed]").first().innerText()}`);
		return end;
	}

	async onPage(path) {
		const asked = new Set();
		const end = await this.whole(path, asked);
		const name = path.split("/")[1] || "tonight";
		const claims = [];
		const judge = (how, lines) => {
			for (const line of lines) if (!end.has(line)) claims.push(`${how}: "${line}"`);
		};
		judge("all late", await this.load(path, () => "late"));
		judge("all but the overview late", await this.load(path, (what) => (what === "/stream" ? "now" : "late")));
		await this.page.screenshot({ path: join(SCREENS, `waiting-${name}.png`) });
		asked.delete("/session");
		for (const one of [...asked].filter((x) => x !== "/stream")) {
			judge(`${one} late`, await this.load(path, (what) => (what === one ? "late" : "now")));
			judge(`${one} failed`, await this.load(path, (what) => (what === one ? "failed" : "now")));
			const again = this.page.locator("[data-failed] button").first();
			if (!await again.waitFor({ timeout: 30_000 }).then(() => true, () => false)) claims.push(`${one} failed: nobody says so, or there is nothing to press`);
		}
		equal(claims, [], path);
	}
}

async function lane(browser, depot, left) {
	const { page } = await openPage(browser.context, depot.base, true);
	await page.goto(depot.link());
	await page.waitForSelector(".say h1");
	const stream = await snapshot(page);
	const tape = new Tape(page, stream);
	await tape.start();
	const reader = new Reader(page, tape, depot.base);
	for (let path = left.shift(); path !== undefined; path = left.shift()) {
		const its = path;
		await check(`${its} claims nothing before it knows it`, () => reader.onPage(its));
	}
	tape.release();
}

async function main() {
	if (!chromiumPath()) throw new Error("no Chromium found; apt-get install chromium, or name one in CHROMIUM");
	mkdirSync(SCREENS, { recursive: true });
	const depot = new Depot();
	const browser = await launch();
	try {
		await depot.start();
		await fill(depot);
		const only = process.env.ONLY?.split(",");
		const left = (await pages(depot)).filter((p) => only === undefined || only.includes(p));
		await Promise.all(Array.from({ length: LANES }, () => lane(browser, depot, left)));
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
