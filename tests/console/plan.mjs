/* The Plan page against the fixture: rows, strips, why, tries, past plans. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { axe, check, equal, looks, noSideScroll, plain, SCREENS, shows, text, until } from "./kit.mjs";

const all = (page, selector) => page.locator(selector).allInnerTexts().then((l) => l.map(plain));

export async function planChecks(page, mock) {
	mock.again();
	await page.setViewportSize({ width: 1440, height: 1000 });
	await page.locator(".tabs").getByRole("link", { name: "Plan" }).click();
	await page.waitForSelector("[data-plan]");
	const rows = mock.data.vehicles.filter((v) => v.station !== undefined && v.state !== "will_miss").length;
	await check("plan: the sentence is depotd's; when it was made, what it costs, how good it is", async () => {
		await shows(() => text(page, "h1"), `${rows} vans get 639 kWh in time.`, "sentence");
		await shows(async () => plain(await text(page, ".say .sub")),
			"Made 22:31:03, because: VAN-07 came back. EUR 87.85 for the energy. No cheaper plan keeps these limits and departures.", "under it");
	});
	await check("a row a van by departure, what is missing is said, who is away too", async () => {
		await shows(() => page.locator("[data-plan]").count(), rows, "rows");
		await shows(() => page.locator("[data-plan]").first().getAttribute("data-plan"), "VAN-01", "first");
		await shows(async () => plain(await text(page, "[data-plan=VAN-07] .p-need")), "40.0 −4.2", "missing");
		await shows(async () => (await all(page, ".not-here th")).includes("VAN 09"), true, "away");
	});
	await check("on a phone a van that is short says so under its name, and its row keeps to the columns of the others", async () => {
		await page.setViewportSize({ width: 360, height: 740 });
		await shows(async () => plain(await text(page, "[data-plan=VAN-07] .p-short")), "−4.2 kWh", "missing");
		await shows(() => page.locator(".p-need:visible").count(), 0, "the column for it is not there");
		const left = (van) => page.locator(`[data-plan="${van}"] .p-lane`).boundingBox().then((b) => b.x);
		equal(await left("VAN-07"), await left("VAN-01"), "lanes");
		await noSideScroll(page, "short");
		await page.setViewportSize({ width: 1440, height: 1000 });
		await shows(() => page.locator(".p-short:visible").count(), 0, "at a desk it stands in its column");
	});
	await check("strips: what holds vans back and prices, in words for those who do not see them", async () => {
		await shows(() => all(page, ".strips th"), ["Holds vans back", "Price, ct/kWh", "All vans, kW"], "strips");
		await shows(() => page.locator(".strip .price").count(), 11, "price cells");
		await shows(async () => plain(await page.locator(".strip .hold title").first().textContent()), "Hall A feeder", "who holds");
	});
	await check("a click at a time says why there; the address has van and time", async () => {
		const lane = page.locator("[data-plan=VAN-02] .p-lane");
		const box = await lane.boundingBox();
		const slots = Number((await lane.locator("svg").getAttribute("viewBox")).split(" ")[2]);
		await page.mouse.click(box.x + (box.width * 6.5) / slots, box.y + box.height / 2);
		await page.waitForSelector("#why");
		await shows(async () => plain(await text(page, "#why h2")), "VAN 02 waits, 00:00–00:15", "title");
		await shows(async () => plain(await text(page, "#why [data-slot]")), "In this slot Hall A feeder has no more (Rating). A kWh costs EUR 0.110.", "why there");
		equal(new URL(page.url()).pathname, "/plan/VAN-02", "address");
		equal(new URL(page.url()).search, "?slot=2026-03-11T23:00:00.000Z", "time in the address");
		await shows(async () => (await all(page, "#why .facts dd")).slice(0, 2), ["40.0 kWh", "40.0 kWh"], "facts");
	});
	await check("keys: other times, other vans, Esc goes back to the row", async () => {
		await page.locator("[data-plan=VAN-02]").focus();
		await page.keyboard.press("ArrowRight");
		await shows(async () => plain(await text(page, "#why h2")), "VAN 02 charges with 9.0 kW, 00:15–00:30", "next slot");
		await page.keyboard.press("ArrowDown");
		await until("another van", async () => !plain(await text(page, "#why h2")).startsWith("VAN 02"));
		await page.keyboard.press("Escape");
		await shows(() => page.locator("#why").count(), 0, "closed");
		equal(new URL(page.url()).pathname, "/plan", "address");
	});
	await check("a try says what it would bring, and sends no command", async () => {
		await page.locator("[data-plan=VAN-02]").getByRole("button").click();
		await page.getByRole("button", { name: "Hall A feeder with 20 kW more" }).click();
		await shows(async () => plain(await text(page, "[data-tried]")),
			"Hall A feeder with 20 kW more: 1 night: 1.65 less for energy, 4.2 kWh less missing. 1 kW more at Hall A feeder would save EUR 0.41 at most.", "outcome");
		equal(mock.bodies.map(([route]) => route), ["POST /whatif"], "what was sent");
		equal(mock.bodies[0][1], { nodes: [{ node: "hall-a", w: 20_000 }], nights: 1 }, "what was asked");
	});
	await check("a deep link opens van and time", async () => {
		await page.goto(`${new URL(page.url()).origin}/plan/VAN-07?slot=2026-03-12T01:00:00.000Z`);
		await until("why", async () => plain(await text(page, "#why h2")).startsWith("VAN 07"));
		await shows(async () => plain(await text(page, "#why h2")).endsWith("02:00–02:15"), true, "time");
	});
	await check("past plans: pick one, see what has changed since", async () => {
		await page.locator("[data-past=PLAN-0]").getByRole("button").click();
		await shows(async () => plain(await text(page, "[data-diff] p")), "The plan in force costs EUR 3.20 more, over its own time.", "money");
		await shows(() => all(page, "[data-diff] tbody tr"), ["VAN-07 CP-A4/1 came +40.0 +4.2", "VAN-05 CP-A3/1 changed 30 min later"], "rows");
	});
	await check("a newer plan takes the place of this one", async () => {
		mock.planApi.turn = 2;
		await until("asked again", () => mock.seen.filter((r) => r === "GET /api/v1/plan").length >= 2);
	});
	await check("a mode is switched for a point, after depotd said what that would change", async () => {
		equal(await page.locator("#followed").count(), 0, "nothing waits");
		equal(await page.locator("[data-mode=site]").count(), 1, "the root's mode");
		await page.locator("#modes").getByRole("button", { name: "Another point" }).click();
		const dialog = page.getByRole("dialog");
		await dialog.getByLabel("Point").selectOption("hall-a");
		await dialog.getByRole("button", { name: "with approval", exact: true }).click();
		await until("effect", async () => /In assisted somebody is asked.*VAN 05 \(CP-A3\/1\): 11\.0 kW at once, not 0\.0 kW/.test(plain(await text(page, "[data-effect]"))));
		equal(await dialog.getByRole("button", { name: "Change to with approval" }).isDisabled(), true, "not without a reason");
		await dialog.getByLabel("Why").fill("new chargers");
		await dialog.getByRole("button", { name: "Change to with approval" }).click();
		await until("depotd's word", async () => (await all(page, "[data-mode=hall-a]")).some((t) => t.includes("with approval")));
		equal(mock.bodies.filter(([r]) => r === "PUT /nodes/hall-a/mode").map(([, b]) => b), [{ mode: "assisted", why: "new chargers" }], "sent");
	});
	await check("plans that wait are shown by group with what they change, and approved for one with a reason", async () => {
		mock.planApi.propose();
		await shows(() => all(page, "#followed li"), ["VAN 07 (CP-A4/1): 6.0 kWh earlier, ready 02:10 instead of 03:20", "VAN 15 (CP-B3/2): 4.0 kWh later, ready 04:10 instead of 03:20"], "changes");
		await page.screenshot({ path: join(SCREENS, "plan-waits.png"), fullPage: true });
		await page.locator("[data-group=hall-a]").getByRole("button", { name: "Approve" }).click();
		const dialog = page.getByRole("dialog");
		equal(await dialog.getByRole("button", { name: "Approve" }).isDisabled(), true, "not without a reason");
		await dialog.getByLabel("Why").fill("looks right");
		await dialog.getByRole("button", { name: "Approve" }).click();
		await shows(() => all(page, "#followed li"), ["VAN 15 (CP-B3/2): 4.0 kWh later, ready 04:10 instead of 03:20"], "the other still waits");
		equal(mock.bodies.filter(([r]) => r === "POST /plans/PLAN-9/approve").map(([, b]) => b), [{ why: "looks right", node: "hall-a" }], "sent");
		await until("who approved", async () => /by anna\. looks right/.test(plain(await text(page, "[data-mode=hall-a]"))));
	});
	await check("as table, and as CSV of all slots", async () => {
		await page.locator("#chart-table").click();
		await shows(() => page.locator("#gantt tbody tr").count(), rows, "rows");
		const [file] = await Promise.all([page.waitForEvent("download"), page.locator("#gantt").getByText("Save CSV").click()]);
		const csv = readFileSync(await file.path(), "utf8").split("\r\n");
		equal(csv[0], "van,station,evse,slot_utc,w", "head");
		equal(csv.length, rows * 54 + 2, "lines");
		await page.locator("#chart-table").click();
	});
	await check("plan: no serious finding of axe, at no width a side scroll", async () => {
		await axe(page, "plan");
		for (const width of [1440, 820, 390, 320]) {
			await page.setViewportSize({ width, height: 900 });
			await noSideScroll(page, `plan at ${width}`);
			await page.screenshot({ path: join(SCREENS, `plan-${width}.png`), fullPage: true });
		}
		await page.setViewportSize({ width: 1440, height: 1000 });
	});
	await looks(page, "plan-why");
	const facts = () => page.locator("[data-fact]").evaluateAll((l) => l.map((x) => [x.dataset.fact, x.querySelector("dd").innerText, x.querySelector("dt").innerText]))
		.then((l) => l.map((x) => x.map(plain)));
	await check("tonight has the night's figures by the plan", async () => {
		mock.again();
		mock.planApi.followed = { sentence: "Chargers go by the plan.", modes: [{ node: "site", mode: "automatic", said: false, evses: 24 }] };
		await page.goto(new URL("/", page.url()).href);
		await shows(facts, [
			["cost", "EUR 87.85", "for what is still to charge"], ["energy", "796 kWh", "11.0 ct a kWh on average"],
			["saved", "EUR 155.00 less", "than charging at once"],
		], "facts");
		await axe(page, "tonight's figures");
		for (const width of [820, 390, 320]) {
			await page.setViewportSize({ width, height: 900 });
			await noSideScroll(page, `tonight at ${width}`);
		}
		await page.setViewportSize({ width: 1440, height: 1000 });
	});
	await check("a plan that chargers do not go by has no figures of the night", async () => {
		mock.planApi.followed.modes[0].mode = "shadow";
		const asked = () => mock.seen.filter((r) => r.startsWith("GET /api/v1/plan")).length;
		const before = asked();
		await page.goto(new URL("/", page.url()).href);
		await page.waitForSelector("[data-van]");
		await until("asked", () => asked() > before);
		await page.waitForTimeout(300);
		equal(await facts(), [], "facts");
		mock.planApi.followed.modes[0].mode = "automatic";
	});
}
