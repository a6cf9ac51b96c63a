/* The page of one limit over time against the fixture: from its word to its record. */
import { HOSTILE, overview } from "./fixture.mjs";
import { axe, check, equal, looks, noSideScroll, plain, shows, text, until } from "./kit.mjs";

const all = (page, selector) => page.locator(selector).allInnerTexts().then((l) => l.map(plain));

export async function envelopeChecks(page, mock) {
	mock.again();
	await page.locator(".tabs").getByRole("link", { name: "Energy" }).click();
	await check("a limit opens by key, at an address of its own, and says how it stands", async () => {
		await page.waitForSelector("[data-envelope=EN1]");
		await page.evaluate(() => document.querySelector("[data-envelope=EN1]").focus());
		await page.keyboard.press("Enter");
		await page.waitForSelector(".lineage");
		equal(new URL(page.url()).pathname, "/energy/EN1", "address");
		await shows(() => text(page, "h1"), "This limit is kept so far.", "sentence");
		await until("title", async () => /Limit by [^·]+, [^·]+ · Energy · Rotterdam-Noord · depotd$/.test(await page.title()));
	});
	await check("a limit's lineage: word, nodes, share, told, measured, record", async () => {
		await shows(() => all(page, "[data-step]"), [
			"Limit ≤ 250 kW import, 363 A a phase 21:40 to 01:40 oscp/stedin, received 21:58 accepted by R. Kok, 21:58",
			"Nodes Grid connection 4 nodes and 24 EVSEs below it",
			"Share of the vans Vans may draw 239 kW They draw 187 kW. All else: 59.7 kW. It costs nothing, as judged when it came.",
			"Told to chargers 41 limits sent to 2 EVSEs",
			"Measured 214 kW on average at most 249 kW at 22:30 59 min 48 s measured",
			"Record Kept so far It still runs.",
		], "steps");
		await shows(() => all(page, "[data-told='CP-A3/1'] > *"), ["22:20", "CP-A3/1", "8.0 kW", "Guard, Hall A feeder", "Hall A at 160 of 160 kW", "01J0-2"], "command");
	});
	await check("what was measured is a chart, and a table by key", async () => {
		await shows(async () => /214 kW on average.*Limit 250 kW/.test(plain(await page.locator("#measured svg.chart").getAttribute("aria-label"))), true, "label");
		await page.keyboard.press("t");
		await shows(() => page.locator("#measured tbody tr").count(), 60, "minutes");
		await axe(page, "minutes");
		await page.keyboard.press("t");
		await page.waitForSelector("#measured svg.chart");
	});
	await looks(page, "envelope");
	await check("a limit that waits says what it costs and may be accepted here too", async () => {
		await page.goto(new URL("/energy/EN2", page.url()).href);
		await shows(() => text(page, "h1"), "This limit waits for an answer.", "sentence");
		await shows(async () => (await all(page, "[data-step=allocation]"))[0],
			"Share of the vans Not in force now It costs up to 31.0 kW, 12.4 kWh in all, as judged when it came.", "cost");
		await shows(() => page.getByRole("button", { name: "Accept…" }).count(), 1, "accept");
	});
	await check("a limit that is over is found, with where it was broken, and its place in the journal", async () => {
		await page.goto(new URL("/energy", page.url()).href);
		await page.locator("[data-past-envelope=EN4] a").click();
		await shows(() => text(page, "h1"), "This limit was not kept: 1\u202fmin 24\u202fs above it.", "sentence");
		await shows(async () => (await all(page, "[data-step=record]"))[0], "Record Not kept 1 min 24 s above it, 0.5 kWh event 4711 of the journal 9f86d081884c7d65", "record");
		await shows(() => all(page, "[data-record]"), ["13:40 to 15:40 250 214 268 Not kept, 1 min 24 s 4711", "Tue 13:40 to Tue 15:40 250 214 249 Kept 3019"], "times");
		await shows(async () => (await text(page, "#told")).includes("VAN-02, VAN-03"), true, "vans");
		await shows(() => page.locator("#lineage .acts").count(), 0, "nothing can be done any more");
	});
	await check("hostile words of one limit are text, and fit", async () => {
		await page.goto(new URL("/energy/EN1", page.url()).href);
		await page.waitForSelector(".lineage");
		mock.patch({ envelopes: { EN1: { ...mock.data.envelopes[1], owner: HOSTILE, note: HOSTILE, why: HOSTILE, reference: HOSTILE, beaten_owner: HOSTILE, decided_by: HOSTILE } } });
		await until("shown", async () => (await text(page, "#lineage")).includes(HOSTILE));
		equal(await page.evaluate(() => [window.hacked ?? null, document.querySelectorAll("#app img, #app script").length]), [null, 0], "executed");
		for (const width of [1440, 320]) {
			await page.setViewportSize({ width, height: 800 });
			await noSideScroll(page, "hostile limit");
		}
		await page.setViewportSize({ width: 1440, height: 1000 });
	});
	await check("what nobody can do about a limit stands beside it", async () => {
		mock.data = overview();
		mock.data.envelopes[0].note = "nothing below Building is controlled";
		mock.snapshot();
		await page.goto(new URL("/energy", page.url()).href);
		await shows(async () => (await all(page, "[data-envelope=EN3] .c-limit"))[0], "≤ 300 kW import 21:40 to 00:40 nothing below Building is controlled", "note");
	});
	await check("a limit that is not there says so; a site that feeds in, too", async () => {
		await page.goto(new URL("/energy/none", page.url()).href);
		await shows(() => text(page, "h1"), "There is no limit of that name.", "sentence");
		await page.goto(new URL("/energy", page.url()).href);
		await page.waitForSelector("[data-node=site]");
		mock.patch({ energy_sentence: "The site feeds in 74.0 kW. No limit holds a van back.", nodes: { site: { ...mock.data.tree.nodes[0], load_w: -74_000 } } });
		await until("sentence", async () => plain(await text(page, "h1")).startsWith("The site feeds in 74.0 kW."));
		await shows(async () => (await all(page, "[data-node=site] .c-load"))[0], "−74 of 250 kW feeds in", "tree");
		mock.again();
	});
}
