/*
 * The console in a real browser. Against the stand-in server by default; against a running depotd
 * with BASE_URL and SIGN_IN_CODE, where only the checks that need no fixture run.
 * BUILD names the build folder (default build); screenshots go to $BUILD/screens.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromiumPath, launch } from "./browser.mjs";
import { alarmChecks } from "./alarms.mjs";
import { chargerChecks } from "./chargers.mjs";
import { envelopeChecks } from "./envelope.mjs";
import { energyChecks, limitChecks } from "./energy.mjs";
import { HOSTILE, overview, START } from "./fixture.mjs";
import {
	axe, BUILD, check, count, equal, looks, noSideScroll, openPage, pass, plain, SCREENS, shows, SIZES, text, until,
} from "./kit.mjs";
import { meterChecks } from "./meters.mjs";
import { pageChecks } from "./pages.mjs";
import { planChecks } from "./plan.mjs";
import { vehicleChecks } from "./vehicles.mjs";
import { scriptChecks } from "./script.mjs";
import { keyChecks } from "./search.mjs";
import { updateChecks } from "./update.mjs";
import { wallChecks } from "./wall.mjs";
import { CODE, MockServer } from "./mock-server.mjs";

const REAL = process.env.BASE_URL;

async function signedIn(page) {
	await page.waitForSelector(".say h1");
	await page.waitForSelector("#chargers");
}

/* To another page, by its tab. */
const tab = (page, name) => page.locator(".tabs").getByRole("link", { name }).click();

/* What must hold for any depot. */
async function genericChecks(page, bad, base) {
	await check("the code is gone from the address", async () => {
		equal(new URL(page.url()).hash, "", "fragment");
	});
	await check("a reload finds the session again", async () => {
		await page.reload();
		await signedIn(page);
	});
	await check("one h1, landmarks, language, title", async () => {
		await shows(() => page.locator("h1").count(), 1, "h1");
		await shows(() => page.locator("main").count(), 1, "main");
		await shows(() => page.evaluate(() => document.documentElement.lang), "en", "lang");
		await until("title", async () => (await page.title()).endsWith("depotd"));
	});
	await check("values of the page are those of the API", async () => {
		const api = await page.evaluate(() => fetch("/api/v1/overview").then((r) => r.json()));
		const evses = api.stations.flatMap((s) => s.evses).length;
		if (evses <= 60) await shows(() => page.locator("[data-evse]").count(), evses, "EVSEs");
		const vans = api.vehicles.length;
		const more = vans > 60 || await page.locator("#needs .pad .btn").count();
		if (!more) await shows(() => page.locator("[data-van]").count(), vans, "vans");
		await tab(page, "Meters");
		await shows(() => page.locator("#meters [data-meter]").count(), api.meters.length, "meters");
		await tab(page, "Energy");
		await shows(() => page.locator("#tree [data-node]").count(), api.tree.nodes.length, "nodes");
		await tab(page, "Tonight");
	});
	for (const name of ["Tonight", "Plan", "Energy", "Meters"]) {
		await tab(page, name);
		await page.waitForSelector("h1");
		await looks(page, `${REAL ? "real-" : ""}${name.toLowerCase()}`);
	}
	await tab(page, "Tonight");
	await check("no request to another host, no CSP report, no error", async () => {
		equal(bad.filter((b) => !/401/.test(b)), [], base);
	});
}

async function fixtureChecks(page, mock) {
	const row = (key) => `[data-evse="${key}"]`;
	await check("sentence, pulse strip and clock are the fixture's", async () => {
		await shows(() => text(page, "h1"), mock.data.sentence, "sentence");
		await shows(async () => plain(await text(page, "[data-pulse=site]")), "246 of 250 kW", "site");
		await shows(async () => plain(await text(page, ".pulse .last")), "21 of 24 EVSEs live 1 fault 2 silent", "EVSEs");
		await shows(async () => plain(await text(page, ".pulse .item:nth-child(2)")), "Holds back now Hall A feeder L2 250 of 250 A and 1 more", "holds back");
		await shows(async () => plain(await text(page, ".clock")), "Wed 11 Mar 22:40:12", "clock");
	});
	await check("EVSE: van, state, battery, power of limit, who sets it and why, session", async () => {
		const cells = await page.locator(`${row("CP-A3/1")} > *`).allInnerTexts();
		equal(cells.slice(0, 8).map(plain), ["CP-A3/1 AC 22 kW", "VAN 05", "Charging", "36 %", "", "8.0 of 8.0 kW", "Hall A feeder Guard: Hall A at 160 of 160 kW", "3.8 kWh"], "CP-A3/1");
		await shows(async () => plain(await text(page, `${row("CP-B1/2")} .c-load`)), "unknown of 4.1 kW", "a missing power is unknown");
		await shows(async () => plain(await text(page, `${row("CP-Y4/1")} .c-state`)), "Silent for 41 min", "silent");
		await shows(async () => plain(await text(page, `${row("CP-B3/1")} .tag`)), "Faulted", "fault");
	});
	await check("vans: will miss and at risk first, then by departure", async () => {
		const ids = await page.locator("[data-van]").evaluateAll((rows) => rows.map((r) => r.dataset.van));
		equal(ids.slice(0, 5), ["VAN-16", "VAN-07", "VAN-19", "VAN-01", "VAN-02"], "order");
		await shows(async () => plain(await text(page, "[data-van=VAN-19] .a-bar")), "52 at 18:52 → 75 %", "old battery says when");
		await shows(async () => plain(await text(page, "[data-van=VAN-19] .a-ready")), "06:55 ready, 25 min late", "late");
		await shows(async () => plain(await text(page, "[data-van=VAN-12] .c-soc")), "still needs 24.3 kWh", "unknown battery");
	});
	await check("a patch appears, other rows stay the same element", async () => {
		await page.evaluate(() => { document.querySelector('[data-evse="CP-A3/2"]').mark = 1; });
		const evse = { ...mock.data.stations[2].evses[0], power_w: 6500, limit_w: 6500, limit_reason: "Hall A is full" };
		mock.patch({ sentence: "All vans are on track.", evses: { "CP-A3/1": evse } });
		await until("power", async () => plain(await text(page, `${row("CP-A3/1")} .c-load`)) === "6.5 of 6.5 kW");
		await shows(() => text(page, "h1"), "All vans are on track.", "sentence");
		await shows(() => page.evaluate(() => document.querySelector('[data-evse="CP-A3/2"]').mark), 1, "neighbour");
	});
	await check("hostile text is text", async () => {
		const [van] = mock.data.vehicles;
		mock.patch({
			sentence: HOSTILE, nodes: { "hall-a": { ...mock.data.tree.nodes[2], name: HOSTILE } },
			vehicles: { "VAN-01": { ...van, name: HOSTILE, reason: HOSTILE } },
			stations: { "CP-A1": { ...mock.data.stations[0], evses: undefined, name: HOSTILE } },
			evses: { "CP-A1/1": { ...mock.data.stations[0].evses[0], limit_reason: HOSTILE, state: HOSTILE } },
			meters: { M0: { ...mock.data.meters[0], ok: false, belief: "silent", why: HOSTILE, last_error: HOSTILE, link: HOSTILE } },
		});
		await until("shown", async () => (await text(page, "h1")) === HOSTILE);
		await shows(() => page.evaluate(() => [window.hacked, document.querySelectorAll("#app img, #app script").length]), [null, 0], "executed");
		for (const width of [1440, 320]) {
			await page.setViewportSize({ width, height: 800 });
			await noSideScroll(page, `hostile at ${width}`);
		}
		await page.setViewportSize({ width: 1440, height: 1000 });
		mock.snapshot();
		await until("back", async () => (await text(page, "h1")) === mock.data.sentence);
	});
	await check("tables are saved as CSV: long ones with all their rows, others as they stand", async () => {
		const saved = async (id) => {
			const [file] = await Promise.all([page.waitForEvent("download"), page.locator(`[data-save=${id}]`).click()]);
			equal(file.suggestedFilename(), `${id}-2026-03-11.csv`, "name");
			return readFileSync(await file.path(), "utf8").trimEnd().split("\r\n");
		};
		const vans = await saved("vans");
		equal([vans.length, vans[0].slice(0, 26)], [21, "vehicle,name,state,reason,"], "vans");
		equal((await saved("chargers")).length, 25, "EVSEs");
		await tab(page, "Energy");
		const tree = await saved("tree");
		equal([tree[0].slice(0, 6), tree[1].startsWith("Grid connection")], ["Point,", true], "tree");
		await tab(page, "Tonight");
		await page.waitForSelector("#vans tbody tr");
	});
	await check("rows do not move under the pointer", async () => {
		const first = () => page.locator("#vans tbody tr").first().getAttribute("data-van");
		await page.locator("#vans tbody tr").nth(3).hover();
		mock.patch({ vehicles: { "VAN-20": { ...mock.data.vehicles[19], departs_at: "2026-03-12T03:00:00Z" } } });
		/* Looked at in one frame: after five seconds the order would change all the same. */
		const held = await page.waitForFunction(() => document.querySelector("#vans .cap")?.innerText.includes("order changed")
			&& document.querySelector("#vans tbody tr").dataset.van);
		equal(await held.jsonValue(), "VAN-01", "first row while the pointer is there");
		await page.mouse.move(2, 2);
		await until("new order", async () => (await first()) === "VAN-20");
	});
	await check("keys: g v, j, k, ?, Esc", async () => {
		await page.keyboard.press("g");
		await page.keyboard.press("v");
		await shows(() => page.evaluate(() => document.activeElement.id), "needs-h", "focus");
		await page.evaluate(() => document.querySelector("[data-evse]").scrollIntoView());
		await page.keyboard.press("j");
		await page.keyboard.press("j");
		await until("a row", () => page.evaluate(() => document.activeElement.dataset.evse !== undefined));
		const second = await page.evaluate(() => document.activeElement.dataset.evse);
		await page.keyboard.press("k");
		const back = await page.evaluate(() => document.activeElement.dataset.evse);
		if (second === undefined || second === back) throw new Error(`j k: ${second} ${back}`);
		await page.keyboard.press("?");
		await shows(() => page.locator("dialog[open]").count(), 1, "help");
		await page.keyboard.press("Escape");
		await shows(() => page.locator("dialog[open]").count(), 0, "closed");
	});
	await check("first Tab offers to skip to the page", async () => {
		await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
		await page.reload();
		await signedIn(page);
		await page.keyboard.press("Tab");
		await shows(() => page.evaluate(() => document.activeElement.className), "skip", "focus");
	});
	await check("the theme can be chosen and is kept", async () => {
		await page.locator(".user summary").click();
		await page.getByLabel("Dark").check();
		await page.reload();
		await signedIn(page);
		await shows(() => page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(12, 17, 21)", "background");
		await page.locator(".user summary").click();
		await page.getByLabel("Automatic").check();
		await page.keyboard.press("Escape");
	});
	await check("nothing moves with reduced motion", async () => {
		await page.emulateMedia({ reducedMotion: "reduce" });
		await shows(() => page.evaluate(() => document.getAnimations().length), 0, "animations");
		await page.emulateMedia({ reducedMotion: null });
	});
	await check("words 40 % longer and a wide font still fit", async () => {
		await page.evaluate(() => {
			const sheet = new CSSStyleSheet();
			sheet.replaceSync('html { font-family: "DejaVu Sans", Verdana, sans-serif; letter-spacing: .12em; word-spacing: .16em; }');
			document.adoptedStyleSheets = [sheet];
		});
		for (const [width, height] of SIZES) {
			await page.setViewportSize({ width, height });
			await noSideScroll(page, `${width} px`);
		}
		await page.evaluate(() => { document.adoptedStyleSheets = []; });
		await page.setViewportSize({ width: 1440, height: 1000 });
	});
	await check("print: light, without navigation", async () => {
		await page.emulateMedia({ media: "print", colorScheme: "dark" });
		await shows(() => page.locator(".user").isVisible(), false, "menu");
		await shows(() => page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)", "paper");
		await page.pdf({ path: join(SCREENS, "live-print.pdf"), format: "A4" });
		await page.emulateMedia({ media: null, colorScheme: "light" });
	});
	await check("500 EVSEs: those near the window are drawn, the others when one scrolls to them", async () => {
		const big = overview(mock.now());
		for (let i = 0; i < 238; i += 1) {
			const from = mock.data.stations[i % 8];
			big.stations.push({ ...from, id: `X-${i}`, evses: from.evses.map((e) => ({ ...e })) });
		}
		mock.data = big;
		mock.snapshot();
		await until("all counted", async () => plain(await text(page, "#chargers .cap")).includes("500"));
		const drawn = () => page.locator("[data-evse]").count();
		await until("a part of them", async () => (await drawn()) > 0 && (await drawn()) < 200);
		const height = () => page.evaluate(() => document.querySelector("#chargers table").offsetHeight);
		await until("room for all", async () => (await height()) > 500 * 30);
		const last = page.locator(row("X-237/2"));
		await until("the last one", async () => {
			await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
			return last.isVisible();
		});
		await until("not the first one", async () => (await page.locator(row("CP-A1/1")).count()) === 0);
		const evses = Object.fromEntries(big.stations.flatMap((s) => s.evses.map((e) => [`${s.id}/${e.id}`, { ...e, power_w: 9876 }])));
		mock.patch({ evses });
		await until("changed", async () => plain(await last.locator(".c-load").innerText()).startsWith("9.9"));
		await page.evaluate(() => scrollTo(0, 0));
		await page.evaluate(() => document.getElementById("chargers").scrollIntoView());
		await until("changed while it was away", async () => plain(await text(page, `${row("CP-A1/1")} .c-load`)).startsWith("9.9"));
		mock.data = overview();
		mock.snapshot();
		await until("back", async () => (await page.locator("[data-evse]").count()) === 24);
	});
	await check("an empty depot says what would be here", async () => {
		const full = mock.data;
		mock.data = { ...full, sentence: "No van is known.", sub: "", stations: [], vehicles: [], meters: [], alarms: [], envelopes: [], tree: { at: full.at, nodes: [] } };
		mock.snapshot();
		await until("empty", async () => (await text(page, "#chargers")).includes("No charger is registered."));
		await shows(async () => (await text(page, "#vans")).includes("No van is known here."), true, "vans");
		await page.screenshot({ path: join(SCREENS, "empty.png") });
		mock.data = full;
		mock.snapshot();
		await until("back", async () => (await page.locator("[data-evse]").count()) === 24);
	});
	await check("a fast depot says so", async () => {
		mock.data = { ...mock.data, speed: 60 };
		mock.snapshot();
		await until("tag", async () => plain(await text(page, ".sim")) === "simulated ×60");
		await pass(page, 2000);
		await shows(async () => plain(await text(page, ".clock")), "Wed 11 Mar 22:42:12", "two minutes in two seconds");
		mock.data = { ...mock.data, speed: 1 };
		mock.snapshot();
		await until("tag gone", async () => (await page.locator(".sim").count()) === 0);
	});
}

async function lostChecks(page, mock) {
	await check("server gone: a bar over the page, values kept and old, then back", async () => {
		mock.cut(true);
		await until("bar", async () => (await page.locator(".lost").count()) === 1);
		await pass(page, 20_000);
		await shows(async () => /^No connection since 22:40:12\. Chargers are not affected\. Values on this screen are 20 s old\. (Trying|Try)/
			.exec(plain(await text(page, ".lost")))?.length, 2, "words");
		await shows(() => page.locator("[data-evse]").count(), 24, "rows kept");
		await until("old", async () => (await page.locator('[data-evse="CP-A3/1"] .c-load .stale').count()) === 1);
		for (const [width, height] of [[1440, 900], [320, 640]]) {
			await page.setViewportSize({ width, height });
			await noSideScroll(page, "lost");
			await page.screenshot({ path: join(SCREENS, `lost-${width}.png`) });
		}
		await axe(page, "lost");
		const live = await text(page, ".pulse .item.last");
		await pass(page, 15 * 60_000);
		await shows(() => text(page, ".pulse .item.last"), live, "chargers do not fall silent because the page hears nothing");
		let tries = 0;
		page.on("request", (r) => { tries += r.url().endsWith("/stream"); });
		await until("a try at once", async () => {
			const before = tries;
			await page.getByRole("button", { name: "Try now" }).click({ timeout: 5000 }).catch(() => {});
			return tries > before;
		});
		mock.cut(false); /* the page may find it by itself, before anybody can click again */
		await page.getByRole("button", { name: "Try now" }).click({ timeout: 1000 }).catch(() => {});
		await until("bar gone", async () => (await page.locator(".lost").count()) === 0);
	});
}

/* A stream that stays open but says nothing, not even heartbeats, is a lost connection too. */
async function quietCheck(context, root) {
	await check("a dead line without an end is noticed", async () => {
		const mock = new MockServer(root);
		const base = await mock.listen();
		const { page } = await openPage(context, base);
		mock.isQuiet = true;
		await page.goto(`${base}/#code=${CODE}`);
		await signedIn(page);
		const before = mock.seen.filter((r) => r.endsWith("/stream")).length;
		await until("a second try", () => mock.seen.filter((r) => r.endsWith("/stream")).length > before, 90_000);
		await page.close();
		await mock.stop();
	});
}

async function signInChecks(context, root) {
	const mock = new MockServer(root);
	const base = await mock.listen();
	const { page, bad } = await openPage(context, base);
	await context.clearCookies();
	await check("without a session: how to get a link", async () => {
		await page.goto(base);
		await until("page", async () => (await page.locator("h1").count()) === 1);
		await shows(async () => (await text(page, "main")).includes("depotctl link"), true, "command");
		await axe(page, "sign in");
		for (const width of [390, 320]) {
			await page.setViewportSize({ width, height: 640 });
			await noSideScroll(page, "sign in");
		}
		await page.screenshot({ path: join(SCREENS, "sign-in-320.png") });
		await page.setViewportSize({ width: 1440, height: 1000 });
	});
	await check("a used link says so; the code never is in a URL that the server sees", async () => {
		await page.goto(`${base}/#code=used-up-0123456789-abcdef`);
		await until("refused", async () => (await text(page, "main")).includes("used before"));
		await page.screenshot({ path: join(SCREENS, "sign-in-used.png") });
		equal(mock.seen.filter((r) => r.includes("used-up")), [], "requests");
	});
	await check("a good link signs in, once", async () => {
		await page.goto(`${base}/#sign-in=${CODE}`);
		await signedIn(page);
		equal(mock.codes.size, 0, "codes left");
		equal(bad.filter((b) => !/401/.test(b)), [], "reports");
	});
	await check("a session that ends on the server ends on the page", async () => {
		mock.sessions.clear();
		for (const res of mock.streams) res.destroy();
		await until("sign in", async () => (await text(page, "h1")) === "Sign in");
	});
	await page.close();
	await mock.stop();
}

/* One long line of checks, on pages that one after another show the fixture. */
async function pages(browser, root) {
	const mock = REAL ? undefined : new MockServer(root, overview(START)).hold();
	const base = REAL ? REAL.replace(/\/$/, "") : await mock.listen();
	const { page, bad } = await openPage(browser.context, base, Boolean(mock));
	await page.goto(`${base}/#code=${REAL ? process.env.SIGN_IN_CODE : CODE}`);
	await signedIn(page);
	await genericChecks(page, bad, base);
	if (!mock) return;
	await fixtureChecks(page, mock);
	await energyChecks(page, mock);
	await limitChecks(page, mock);
	await envelopeChecks(page, mock);
	await meterChecks(page, mock);
	await alarmChecks(page, mock);
	await chargerChecks(page, mock);
	await planChecks(page, mock);
	await wallChecks(page, mock);
	await vehicleChecks(page, mock);
	await check("no CSP report and no error in all of this", async () => {
		equal(bad.filter((b) => !/401|503|404/.test(b)), [], "reports");
	});
	await tab(page, "Tonight");
	await lostChecks(page, mock);
}

/* Pages beyond the night, in a browser of their own. */
async function morePages(browser, root) {
	if (REAL) return;
	const mock = new MockServer(root, overview(START)).hold();
	const base = await mock.listen();
	const { page, bad } = await openPage(browser.context, base, true);
	await page.goto(`${base}/#code=${CODE}`);
	await signedIn(page);
	await pageChecks(page, mock);
	await keyChecks(page, mock);
	await check("no CSP report and no error on pages beyond the night", async () => {
		equal(bad.filter((b) => !/40[134]/.test(b)), [], "reports");
	});
}

/* Beside it, in a browser of its own: what mostly waits. */
async function doors(browser, root) {
	if (REAL) return;
	await signInChecks(browser.context, root);
	await scriptChecks(browser.context, root);
	await updateChecks(browser.context, root);
	await quietCheck(browser.context, root);
}

async function inBrowser(checks) {
	const browser = await launch();
	try {
		await checks(browser, join(BUILD, "console"));
	} catch (error) {
		count.failed += 1;
		console.log(`  FAIL  ${error?.stack ?? error}`);
	} finally {
		await browser.close();
	}
}

async function main() {
	if (!chromiumPath()) {
		console.log("console: no Chromium found; apt-get install chromium, or name one in CHROMIUM");
		console.log("0 passed, 1 failed");
		process.exitCode = 1;
		return;
	}
	mkdirSync(SCREENS, { recursive: true });
	await Promise.all([inBrowser(pages), inBrowser(morePages), inBrowser(doors)]);
	console.log(`${count.passed} passed, ${count.failed} failed`);
	process.exitCode = count.failed ? 1 : 0;
}

await main();
process.exit();
