/*
 * What the console costs in a real browser with 500 EVSEs and 400 vans, a line a figure:
 *   BUILD=build node tools/bench/console.mjs
 * first load and event to pixel against a running depotd; all EVSEs changed at once against the
 * stand-in server, which alone can say so much in one moment. *_cpu_ms is time of the page's main
 * thread as the system counts it, so that other work on the machine is not in it.
 */
import { resolve } from "node:path";
import { chromiumPath, launch } from "../../tests/console/browser.mjs";
import { until } from "../../tests/console/kit.mjs";
import { cpu, updates, watched } from "../../tests/console/update.mjs";
import { Depotd } from "../../tests/e2e/harness.mjs";
import { PASSWORD, Station } from "../../tests/e2e/peer.mjs";

const STATIONS = 250;
const VANS = 400;
const LOADS = 5;
const UPDATES = 24;
const EVENTS = 30;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const figure = (name, value, unit = "ms") => console.log(`bench: console.${name} ${value.toFixed(1)} ${unit}`);

const two = (i) => String(i).padStart(3, "0");
const stationRow = (i) => `
  - id: CP-${two(i)}
    node: hall-${i % 5}
    evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 0}, {id: 2, kind: ac, max_w: 22000, min_w: 4140, tail_w: 0}]`;
const vanRow = (i) => `
  - {id: VAN-${two(i)}, name: VAN ${two(i)}, token: "BENCH${two(i)}", battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000, min_w: 4140, need_wh: 20000, departs: "06:00"}`;
const each = (n, row) => Array.from({ length: n }, (_, i) => row(i)).join("");

const DEPOT = `depot: bench
name: Bench depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, name: Grid connection, kind: site, limit_w: 2000000}${each(5, (i) => `
  - {id: hall-${i}, name: Hall ${i}, kind: feeder, parent: site, limit_w: 500000}`)}
stations:${each(STATIONS, stationRow)}
vehicles:${each(VANS, vanRow)}
`;

/* Notes when the first row stands on the page, in ms since the navigation began. */
function noteFirst() {
	const look = new MutationObserver(() => {
		if (document.querySelector("h1") === null || document.querySelector("[data-van]") === null) return;
		look.disconnect();
		requestAnimationFrame(() => setTimeout(() => { window.firstMs = performance.now(); }, 0));
	});
	look.observe(document, { childList: true, subtree: true });
}

async function firstLoad(browser, base, link) {
	const page = await browser.context.newPage();
	await page.goto(link);
	await page.waitForSelector("[data-van]");
	await page.addInitScript(noteFirst);
	const [ms, cpus] = [[], []];
	for (let i = 0; i < LOADS; i += 1) {
		const cdp = await watched(page);
		await page.goto("about:blank");
		const before = await cpu(cdp);
		await page.goto(base);
		await page.waitForFunction(() => window.firstMs !== undefined);
		ms.push(await page.evaluate(() => window.firstMs));
		cpus.push((await cpu(cdp)) - before);
		await cdp.detach();
	}
	figure("first_load_ms", median(ms));
	figure("first_load_cpu_ms", median(cpus));
	return page;
}

/* From the moment that a station sends a word to the frame that shows it. */
async function eventToPixel(page, depotd) {
	const station = await new Station(depotd, "CP-000").connect();
	const boot = { reason: "PowerUp", chargingStation: { model: "M", vendorName: "V" } };
	await station.call("BootNotification", boot);
	await page.evaluate(() => document.getElementById("chargers").scrollIntoView());
	await page.waitForSelector('[data-evse="CP-000/1"]');
	await page.evaluate(() => {
		const row = () => document.querySelector('[data-evse="CP-000/1"] .c-state')?.innerText;
		let was = row();
		const look = () => {
			const is = row();
			if (is !== was) {
				was = is;
				setTimeout(() => { window.shown = { word: is, at: performance.timeOrigin + performance.now() }; }, 0);
			}
			requestAnimationFrame(look);
		};
		look();
	});
	const ms = [];
	for (let i = 0; i < EVENTS; i += 1) {
		const connectorStatus = i % 2 === 0 ? "Faulted" : "Available";
		await page.evaluate(() => { window.shown = undefined; });
		const sent = performance.timeOrigin + performance.now();
		void station.call("StatusNotification", { timestamp: new Date().toISOString(), connectorStatus, evseId: 1, connectorId: 1 });
		await until("the word on the page", () => page.evaluate(() => window.shown !== undefined));
		ms.push((await page.evaluate(() => window.shown.at)) - sent);
		await new Promise((r) => setTimeout(r, 200 + 37 * (i % 7))); /* not in step with anything */
	}
	figure("event_to_pixel_ms", median(ms));
	figure("event_to_pixel_worst_ms", Math.max(...ms));
}

async function againstDepotd(browser) {
	const depotd = new Depotd({ depot: DEPOT, config: "" });
	try {
		await depotd.start();
		await depotd.api("PUT", "/stations/CP-000", {
			policy: "accepted", password: PASSWORD, node: "hall-0",
			evses: [1, 2].map((id) => ({ id, kind: "ac", max_w: 22000, min_w: 4140 })),
		});
		const base = `https://localhost:${depotd.ports.console}`;
		const made = await depotd.api("POST", "/links", { name: "bench", role: "admin" });
		const page = await firstLoad(browser, base, made.json.url);
		await eventToPixel(page, depotd);
		await page.close();
	} finally {
		await depotd.clean();
	}
}

async function allAtOnce(browser, root) {
	const page = await browser.context.newPage();
	for (const { name, ms } of await updates(page, root, { stations: STATIONS, vans: VANS, times: UPDATES })) figure(`update_${name}_cpu_ms`, ms);
	await page.close();
}

if (!chromiumPath()) {
	console.error("bench: no Chromium found; apt-get install chromium, or name one in CHROMIUM");
	process.exit(1);
}
const browser = await launch();
try {
	await againstDepotd(browser);
	await allAtOnce(browser, resolve(process.env.BUILD ?? "build", "console"));
} finally {
	await browser.close();
}
process.exit(0);
