/*
 * A page says nothing before it knows it. Each page of a running depotd is loaded once, what it was
 * answered is kept, and the page is loaded again with those very answers: with all of them late, and with
 * each one of them late and then failed. Whatever stands there then and does not
 * stand there when all is known was a claim.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromiumPath, launch } from "./browser.mjs";
import { Depot } from "./depot.mjs";
import { fill, pages } from "./filled.mjs";
import { check, count, equal, openPage, SCREENS, until } from "./kit.mjs";

const SHAPE_MS = 500; /* grey shapes come after 300 ms */
const AGAIN_MS = 750; /* what the stream has news of is asked once more after 700 ms */
const LANES = 4;

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
	constructor(page, stream, kept) {
		this.page = page;
		this.stream = stream;
		this.kept = kept;
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

	/* Held back until release(); meanwhile nothing of it is on its way. */
	async #held() {
		this.busy -= 1;
		await new Promise((resolve) => this.waits.push(resolve));
		this.busy += 1;
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
		const mode = () => (what === "/session" ? "now" : this.mode(what));
		if (what === "/stream") this.streams += 1;
		if (mode() === "late" || (what === "/stream" && this.streams > 1)) await this.#held();
		if (mode() === "failed") {
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

	/* Another page follows: what the last one asked is over, and counts no more. */
	async begin(mode) {
		this.mode = () => "now";
		this.release();
		await this.page.goto("about:blank");
		await this.still();
		this.streams = 0;
		this.mode = mode;
	}

	release() {
		for (const go of this.waits.splice(0)) go();
	}

	/* Nothing is on its way any more, and what came is drawn: so it was over two frames, twice. */
	async still() {
		for (let calm = 0; calm < 2;) {
			const before = this.busy;
			await this.page.evaluate(() => new Promise((done) => {
				requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)));
			}));
			calm = before === 0 && this.busy === 0 ? calm + 1 : 0;
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
		await this.tape.begin(mode);
		await this.page.goto(this.base + path);
		await this.page.waitForSelector("[aria-busy=true], h1", { state: "attached" });
		await this.tape.still();
		return said(this.page);
	}

	/* All of it; what it asked, now and when the stream has news, is kept from here on. */
	async whole(path, asked) {
		await this.load(path, (what) => {
			asked.add(what);
			return "now";
		});
		await until(`nothing is waited for on ${path}`, async () => (await this.page.locator("#app [aria-busy=true]").count()) === 0);
		await this.page.waitForTimeout(AGAIN_MS);
		await this.tape.still();
		const names = await this.page.locator("nav a span, nav a").allTextContents();
		const end = new Set([...await said(this.page), ...names.map((n) => n.trim()), "VAN 01"]);
		if (await this.page.locator("[data-failed]").count()) throw new Error(`something fails on ${path} as it is: ${await this.page.locator("[data-failed]").first().innerText()}`);
		return end;
	}

	/* One answer is late, then it comes and says that it failed. */
	async without(path, one, judge) {
		let mode = "late";
		judge(`${one} late`, await this.load(path, (what) => (what === one ? mode : "now")));
		mode = "failed";
		this.tape.release();
		const again = this.page.locator("[data-failed] button").first();
		if (!await again.waitFor({ timeout: 30_000 }).then(() => true, () => false)) return `${one} failed: nobody says so, or there is nothing to press`;
		await this.tape.still();
		judge(`${one} failed`, await said(this.page));
		return undefined;
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
		await this.page.locator("#main [aria-busy=true]").first().waitFor({ timeout: SHAPE_MS }).catch(() => {}); /* where there are any */
		await this.page.screenshot({ path: join(SCREENS, `waiting-${name}.png`) });
		for (const one of asked) {
			if (one === "/session" || one === "/stream") continue;
			const silent = await this.without(path, one, judge);
			if (silent) claims.push(silent);
		}
		equal(claims, [], path);
	}
}

async function lane(browser, depot, stream, left) {
	const { page } = await openPage(browser.context, depot.base, true);
	const tape = new Tape(page, stream, new Map());
	await tape.start();
	const reader = new Reader(page, tape, depot.base);
	for (let path = left.shift(); path !== undefined; path = left.shift()) {
		const its = path;
		await check(`${its} claims nothing before it knows it`, () => reader.onPage(its));
	}
	tape.release();
	await page.close();
}

/* Signs in, for all pages of the browser, and keeps what the stream says first. */
async function enter(browser, depot) {
	const { page } = await openPage(browser.context, depot.base, true);
	await page.goto(depot.link());
	await page.waitForSelector(".say h1");
	const stream = await snapshot(page);
	await page.close();
	return stream;
}

/* A page that was opened behind another is not looked at until somebody turns to it. */
async function behindChecks(browser, depot) {
	const { page } = await openPage(browser.context, depot.base, true);
	await page.addInitScript(() => {
		window.isBehind = true;
		Object.defineProperty(document, "hidden", { get: () => window.isBehind });
	});
	await check("a page that was opened behind another asks once it is looked at", async () => {
		await page.goto(`${depot.base}/tariffs/flat`);
		await page.locator("#main [aria-busy=true]").first().waitFor();
		await page.evaluate(() => {
			window.isBehind = false;
			document.dispatchEvent(new Event("visibilitychange"));
		});
		await until("the tariff", async () => /Flat/.test(await page.locator("#main h1").innerText()));
	});
	await page.close();
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
		const stream = await enter(browser, depot);
		await Promise.all(Array.from({ length: LANES }, () => lane(browser, depot, stream, left)));
		await behindChecks(browser, depot);
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
