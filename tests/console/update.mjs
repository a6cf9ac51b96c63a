/*
 * What an update of all EVSEs at once costs the page, in time of its main thread as the system counts
 * it, so that other work on the machine is not in it.
 */
import { cpus, loadavg } from "node:os";
import { overview } from "./fixture.mjs";
import { check, until } from "./kit.mjs";
import { CODE, MockServer } from "./mock-server.mjs";

const SPACING_MS = 250;
const LIMIT_MS = 16; /* one frame of a screen that draws 60 of them a second */
const PAGES = [["/", "#chargers", "tonight"], ["/chargers", "[data-charger]", "chargers"], ["/energy", "[data-node]", "energy"]];

const three = (i) => String(i).padStart(3, "0");

/* Time of the main thread in ms, all tasks together. */
export async function cpu(cdp) {
	const { metrics } = await cdp.send("Performance.getMetrics");
	return 1000 * metrics.find((m) => m.name === "TaskDuration").value;
}

export async function watched(page) {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
	return cdp;
}

/* Two frames later: what was to be drawn is drawn. */
const drawn = (page) => page.evaluate(() => new Promise((done) => {
	requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)));
}));

/* The fixture's night with so many stations, two EVSEs each, and vans. */
function crowd(now, { stations, vans }) {
	const data = overview(now);
	const [few, fewVans] = [data.stations, data.vehicles];
	data.stations = Array.from({ length: stations }, (_, i) => {
		const from = few[i % 8];
		return { ...from, id: `X-${three(i)}`, evses: from.evses.map((e) => ({ ...e })) };
	});
	data.vehicles = Array.from({ length: vans }, (_, i) => ({ ...fewVans[i % fewVans.length], id: `W-${three(i)}` }));
	return data;
}

const turnTo = async (page, path, selector) => {
	await page.evaluate((to) => { history.pushState(null, "", to); dispatchEvent(new PopStateEvent("popstate")); }, path);
	await page.waitForSelector(selector, { state: "attached" });
	await drawn(page);
};

function changeAll(mock, i) {
	const at = new Date(mock.now()).toISOString();
	mock.patch({
		nodes: { site: { ...mock.data.tree.nodes[0], load_w: 100_000 + i * 1000, load_at: at } },
		evses: Object.fromEntries(mock.data.stations.flatMap((s) => s.evses
			.map((e) => [`${s.id}/${e.id}`, { ...e, power_w: 5000 + i * 100, power_at: at }]))),
	});
}

/* Main thread's time of one of many updates, whatever else the page does meanwhile. */
async function during(cdp, times, change) {
	await new Promise((r) => setTimeout(r, 1000));
	const before = await cpu(cdp);
	for (let i = 0; i < times; i += 1) {
		change(i);
		await new Promise((r) => setTimeout(r, SPACING_MS));
	}
	return ((await cpu(cdp)) - before) / times;
}

/* On each of the pages that show EVSEs: what one update costs beyond what the page costs by itself. */
export async function updates(page, root, { stations, vans, times }) {
	const mock = new MockServer(root);
	mock.data = crowd(mock.now(), { stations, vans });
	const base = await mock.listen();
	await page.goto(`${base}/#code=${CODE}`);
	await page.waitForSelector("[data-van]");
	const cdp = await watched(page);
	const found = [];
	for (const [path, selector, name] of PAGES) {
		await turnTo(page, path, selector);
		if (path === "/") await page.evaluate(() => document.getElementById("chargers").scrollIntoView());
		const quiet = await during(cdp, times, () => {});
		const busy = await during(cdp, times, (i) => changeAll(mock, i));
		await until("the last one", async () => (await page.locator("[data-pulse=site] b").innerText()) === `${100 + times - 1}`);
		found.push({ name, ms: busy - quiet });
	}
	await cdp.detach();
	await mock.stop();
	return found;
}

/* Where others want the processors too, even a thread's own time grows: caches are shared. */
export async function updateChecks(context, root) {
	await check("500 EVSEs at once: less than a frame of the main thread", async () => {
		const limit = LIMIT_MS * Math.min(3, Math.max(1, loadavg()[0] / cpus().length));
		const page = await context.newPage();
		const found = await updates(page, root, { stations: 250, vans: 400, times: 12 });
		await page.close();
		const words = found.map((f) => `${f.name} ${f.ms.toFixed(1)} ms`).join(", ");
		console.log(`        note: ${words}, limit ${limit.toFixed(1)} ms`);
		if (found.some((f) => f.ms >= limit)) throw new Error(words);
	});
}
