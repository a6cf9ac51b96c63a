/* The Energy page against the fixture: chart, tree, limits of others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HOSTILE, overview } from "./fixture.mjs";
import { axe, check, equal, looks, noSideScroll, pass, plain, SCREENS, shows, text, until } from "./kit.mjs";

const all = (page, selector) => page.locator(selector).allInnerTexts().then((l) => l.map(plain));


export async function energyChecks(page, mock) {
	await page.locator(".tabs").getByRole("link", { name: "Energy" }).click();
	await page.waitForSelector("svg.chart");
	await check("tree: load, limit, used, owner, measured by", async () => {
		await shows(async () => (await all(page, "[data-node=hall-a] > *")).slice(0, 7), ["Hall A feeder holds back 2 vans", "", "160 of 160 kW", "100 %", "Rating since 20:40", "vans 74, may draw 118 kW", "Hall A meter"], "hall-a");
		await shows(async () => plain(await text(page, "[data-node=building] .c-by")), "last value held", "building");
	});
	await check("chart: gap hatched, limit labelled, table has the same", async () => {
		await shows(async () => /Limit 250 kW, Rating\./.exec(plain(await page.locator("svg.chart").getAttribute("aria-label")))?.[0],
			"Limit 250 kW, Rating.", "limit");
		await shows(() => page.locator("svg.chart").getByText("no data").count(), 1, "gaps");
		await shows(() => page.locator("svg.chart").getByText("Rating 250").count(), 1, "owner at the limit");
		await page.keyboard.press("t");
		await shows(() => page.locator("#power tbody tr").count(), 24, "rows");
		await shows(async () => (await page.locator("#power tbody").innerText()).includes("unknown"), true, "the gap in the table");
		const [file] = await Promise.all([page.waitForEvent("download"), page.locator("#power").getByText("Save CSV").click()]);
		const csv = readFileSync(await file.path(), "utf8").split("\r\n");
		equal(csv[0], "time_utc,site_w,vans_w,building_w,limit_w", "CSV head");
		if (csv.length < 300) throw new Error(`CSV has ${csv.length} lines`);
		await page.keyboard.press("t");
		await page.waitForSelector("svg.chart");
	});
	await check("the chart reads out under the pointer", async () => {
		const box = await page.locator("svg.chart").boundingBox();
		await page.mouse.move(box.x + box.width * 0.9, box.y + 100);
		await until("readout", async () => /site .* kW, vans .*limit 250/.test(plain(await text(page, "#power .cap"))));
		await page.mouse.move(0, 0);
	});
	await check("hours shown can be changed, and the server is asked for that", async () => {
		await page.getByRole("button", { name: "24 h" }).click();
		await until("request", () => mock.seen.some((r) => r.includes("/power") && r.endsWith("step=300")));
		await page.getByRole("button", { name: "6 h" }).click();
	});
	await check("a node over its limit says by how much", async () => {
		const node = { ...mock.data.tree.nodes[3], load_w: 171_000 };
		mock.patch({ nodes: { "hall-b": node } });
		await until("tag", async () => plain(await text(page, "[data-node=hall-b] .c-name")) === "Hall B feeder 11 kW over");
		mock.patch({ nodes: { "hall-b": mock.data.tree.nodes[3] } });
	});
	await check("batteries: what each holds, does and is told, and why not; stopped and released with a reason", async () => {
		equal(await page.locator("#stores").count(), 0, "without batteries there is no such panel");
		mock.energyApi.hold();
		await until("the panel", async () => (await page.locator("[data-battery]").count()) === 2);
		await shows(async () => (await all(page, "[data-battery=building] dd")).map((t, i) => (i === 0 ? t.replace(/ at .*/, "") : t.replace(/, .*/, ""))),
			["31.0 of 60.0 kWh", "12.0 kWh", "takes 59.7 kW", "gives 6.2 kW", "gives 6.2 kW"], "store");
		await shows(async () => plain(await text(page, "[data-battery=VAN-07]")).includes("the plan is too old"), true, "why it is not told");
		for (const [button, verb, told] of [["Stop giving back…", "Stop it", /Nothing gives energy back since .*: smoke\. /], ["Release…", "Release it", undefined]]) {
			await page.locator("#stores").getByRole("button", { name: button }).click();
			equal(await page.getByRole("button", { name: verb }).isDisabled(), true, "not without a reason");
			await page.getByLabel("Why").fill("smoke");
			await page.getByRole("button", { name: verb }).click();
			await until(verb, async () => (told === undefined ? (await page.locator("#stores [role=status]").count()) === 0
				: told.test(plain(await text(page, "#stores [role=status]")))));
		}
		equal(mock.energyApi.discharge.why, "smoke", "the reason");
	});
	await check("a panel's error stays in the panel", async () => {
		mock.powerStatus = 503;
		await page.getByRole("button", { name: "1 h" }).click();
		await until("error", async () => (await text(page, "#power")).includes("The series store is busy"));
		await page.screenshot({ path: join(SCREENS, "panel-error.png") });
		mock.powerStatus = 200;
		await page.getByRole("button", { name: "6 h" }).click();
		await until("gone", async () => !(await text(page, "#power")).includes("The past did not load"));
	});
	await check("silence of a meter: its values look old and say so", async () => {
		await pass(page, 9000);
		await until("stale", async () => (await page.locator("[data-node=hall-a] .c-load .stale").count()) === 1);
		await shows(() => page.locator("[data-node=hall-a] .bar-fill.old").count(), 1, "bar");
		await shows(() => page.locator("[data-node=hall-b] .c-load .stale").count(), 0, "a sum of EVSEs is not old yet");
		await page.screenshot({ path: join(SCREENS, "stale.png") });
		await page.screenshot({ path: join(SCREENS, "stale-page.png"), fullPage: true });
	});
}

export async function limitChecks(page, mock) {
	mock.again();
	await page.locator(".tabs").getByRole("link", { name: "Energy" }).click();
	await page.waitForSelector("[data-envelope]");
	await check("energy: the sentence says who holds back, and what waits for an answer", async () => {
		await shows(async () => plain(await text(page, "h1")), "246 kW now. Hall A feeder (L2) holds back 2 vans.", "sentence");
		await shows(() => text(page, ".say .sub"), mock.data.energy_sub, "what waits");
	});
	await check("tree: each phase with load, limit, source and since when; the one that binds is marked", async () => {
		await shows(() => all(page, "[data-channel]"), [
			"L1 228 of 250 A Rating, since 20:40", "L2 250 of 250 A Rating, since 20:40",
			"L3 251 of 240 A Envelope, since 22:30", "Imbalance 22 of 30 A Rating",
		], "phases");
		await shows(() => page.locator(".channel.full").evaluateAll((l) => l.map((x) => x.dataset.channel)), ["L2", "L3"], "marked");
		await shows(async () => (await all(page, "[data-node=hall-a] .c-owner"))[0], "Rating since 20:40", "owner and age of the whole");
	});
	await check("limits of a node: in force, beaten by whom, to come, known since", async () => {
		await shows(() => all(page, "[data-limit]"), [
			"250 kW import Envelope: oscp/stedin in force, 21:40 to 01:40, known for 42 min",
			"260 kW import Rating beaten by oscp/stedin, always",
			"300 kW import Operator: operator/M. de Wit beaten by oscp/stedin, 21:40 to 00:40, known for 42 min",
			"363 A a phase current Envelope: oscp/stedin in force, 21:40 to 01:40, known for 42 min",
			"150 kW import Envelope: openadr/vtn-1 waits for an answer, 04:40 to 06:40, known for 42 min",
		], "site");
		await page.getByLabel("Limits of", { exact: true }).selectOption("hall-a");
		await until("hall", async () => (await all(page, "[data-limit]"))[0] === "160 kW import Rating in force, always");
		await page.getByLabel("Limits of", { exact: true }).selectOption("site");
	});
	await check("the open demand window says what is expected", async () => {
		await shows(async () => (await all(page, "[data-demand] p"))[0], "238 kW expected for 22:30 to 22:45. Target 250 kW.", "window");
	});
	await check("a node without a fresh measurement stands there with its cost", async () => {
		mock.energyApi.tiers = [{ node: "hall-b", tier: "minimum", counts_as: "minimum", for_s: 95, cost_w: 13_800 }];
		await until("tier", async () => (await all(page, "[data-tier=hall-b]"))[0] === "Hall B feeder agreed minimum, 1 min Charging lacks 13.8 kW by that.");
	});
	await check("limits of others: what waits first, then what binds, then what is beaten", async () => {
		await shows(() => page.locator("[data-envelope]").evaluateAll((r) => r.map((x) => x.dataset.envelope)), ["EN2", "EN1", "EN3"], "order");
		await shows(async () => (await all(page, "[data-envelope=EN2] > *")).slice(0, 4), ["Waits for an answer", "openadr/vtn-1 Grid connection, event-7",
			"≤ 150 kW import 04:40 to 06:40, 1 more time", "2 vans leave 12.4 kWh short. Up to 31.0 kW given up. judged 1 min ago"], "EN2");
		await shows(async () => (await all(page, "[data-envelope=EN1] .c-state"))[0], "Binds", "EN1");
		await shows(async () => (await all(page, "[data-envelope=EN3] .c-state"))[0], "In force beaten by oscp/stedin", "EN3");
	});
	await looks(page, "energy-limits");
	await check("accept: tried first, its effect on each van shown, then said yes, once", async () => {
		mock.energyApi.late = 2;
		await page.locator("[data-envelope=EN2]").getByRole("button", { name: "Accept…" }).click();
		await page.waitForSelector('dialog [data-trial="late"]');
		await shows(async () => (await all(page, "dialog tbody tr"))[0].startsWith("VAN 05"), true, "the van");
		await axe(page, "accept");
		await page.screenshot({ path: join(SCREENS, "accept.png") });
		equal(mock.bodies.filter(([r]) => r.endsWith("/accept")).length, 0, "nothing said yet");
		const open = mock.shut();
		await page.getByRole("button", { name: "Accept it" }).dblclick({ noWaitAfter: true });
		open();
		await until("accepted", async () => (await all(page, "[data-envelope=EN2] .c-state"))[0] === "To come");
		equal(mock.bodies.filter(([r]) => r.endsWith("/accept")).length, 1, "once");
		const [, post] = mock.bodies.find(([r]) => r === "POST /envelopes/try");
		equal([post.owner, post.grid, post.blocks.length], ["openadr/vtn-1", true, 2], "tried as it is, with all its times");
	});
	await check("withdraw: that of another needs a reason; one's own does not", async () => {
		await page.locator("[data-envelope=EN1]").getByRole("button", { name: "Withdraw…" }).click();
		await shows(() => page.getByRole("button", { name: "Withdraw it" }).isDisabled(), true, "without a reason");
		await page.getByLabel("Why").fill("agreed by phone & mail");
		await page.getByRole("button", { name: "Withdraw it" }).click();
		await until("gone", async () => (await page.locator("[data-envelope=EN1]").count()) === 0);
		await page.locator("[data-envelope=EN3]").getByRole("button", { name: "Withdraw…" }).click();
		await page.getByRole("button", { name: "Withdraw it" }).click();
		await until("gone", async () => (await page.locator("[data-envelope=EN3]").count()) === 0);
		equal(mock.energyApi.withdrawn, [["EN1", "agreed by phone & mail"], ["EN3", null]], "sent");
	});
	await check("a limit of one's own is tried, and put in force only as it was tried", async () => {
		mock.bodies = [];
		await page.getByLabel("At most, kW").fill("oops");
		await page.getByRole("button", { name: "What if?" }).click();
		await until("words", async () => (await text(page, "#try")).includes("must be a number of kW"));
		await page.getByLabel("At most, kW").fill("120,5");
		await page.getByLabel("From (empty: now)").fill("05:00");
		await page.getByRole("button", { name: "What if?" }).click();
		await page.waitForSelector("#try [data-trial]");
		await page.getByLabel("At most, kW").fill("90");
		await shows(() => page.getByRole("button", { name: "Put it in force" }).count(), 0, "another number must be tried anew");
		await page.getByRole("button", { name: "What if?" }).click();
		await page.getByRole("button", { name: "Put it in force" }).click();
		await until("said", async () => (await text(page, "#try")).includes("The limit is set"));
		await shows(async () => (await all(page, "[data-made] p")).slice(0, 2), ["It takes the place of: ≤ 300 kW import until 07:00.", "nothing below Building is controlled"], "what it replaces, what it cannot do");
		const posts = mock.bodies.map(([r, b]) => [r, b.blocks[0].import_w, b.blocks[0].start, b.blocks[0].end]);
		const [start, end] = ["2026-03-12T04:00:00.000Z", "2026-03-12T06:00:00.000Z"]; /* 05:00 in Amsterdam */
		equal(posts, [["POST /envelopes/try", 120_500, start, end], ["POST /envelopes/try", 90_000, start, end], ["POST /envelopes", 90_000, start, end]], "posts");
	});
	await check("hostile words of an envelope are text, and fit", async () => {
		const e = mock.data.envelopes[2];
		mock.patch({ envelopes: { EN2: { ...e, state: "received", owner: HOSTILE, reference: HOSTILE, why: HOSTILE, node: HOSTILE } } });
		await until("shown", async () => (await text(page, "#envelopes")).includes(HOSTILE));
		await shows(() => page.evaluate(() => [window.hacked, document.querySelectorAll("#app img, #app script").length]), [null, 0], "executed");
		for (const width of [1440, 320]) {
			await page.setViewportSize({ width, height: 800 });
			await noSideScroll(page, "hostile envelope");
		}
		await page.setViewportSize({ width: 1440, height: 1000 });
		mock.energyApi.tiers = [];
		mock.data = overview();
		mock.snapshot();
	});
}
