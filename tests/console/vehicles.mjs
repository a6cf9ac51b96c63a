/* The pages of vehicles against the fixture: list, axis, rosters, yard list, what was set aside, one vehicle. */
import { readFileSync } from "node:fs";
import { check, equal, looks, plain, shows, text, until } from "./kit.mjs";

const all = (page, selector) => page.locator(selector).allInnerTexts().then((l) => l.map(plain));
const sent = (mock, route) => mock.bodies.filter(([r]) => r === route).map(([, body]) => body);

async function listChecks(page, mock) {
	await check("vehicles: the sentence is depotd's; who needs someone stands first, with age and source of the battery", async () => {
		await shows(() => text(page, "h1"), "VAN 16 will miss its departure. 2 vehicles are at risk.", "sentence");
		await shows(() => page.locator("[data-vehicle]").count(), mock.data.vehicles.length, "rows");
		await shows(() => page.locator("[data-vehicle]").first().getAttribute("data-vehicle"), "VAN-16", "first");
		await until("age", async () => /36 → \d+ %.*old$/.test(plain(await text(page, "[data-vehicle=VAN-16] .c-soc"))));
		await shows(async () => plain(await text(page, "[data-vehicle=VAN-12] .c-soc")).startsWith("unknown"), true, "not known");
		await shows(async () => /more than its battery holds/.test(await text(page, "[data-vehicle=VAN-09] .c-needs")), true, "too much");
		await until("what was told", async () => /97 % were ready/.test(plain(await text(page, ".chances"))));
		await until("chance", async () => /^(?!.*about ).*≥ 99 %|about 62 %/.test(plain(await text(page, "[data-vehicle=VAN-16] .c-chance"))));
	});
	await check("the axis has a lane a vehicle, and its trips in words", async () => {
		await shows(() => page.locator("[data-lane=VAN-01] .trip").getAttribute("aria-label").then((s) => plain(s).replace(/: .*, /, ": …, ")), "R-1-2026-03-12: …, 120 km", "trip");
		await shows(() => page.locator("[data-lane=VAN-09] .trip.risk").count(), 1, "not possible");
	});
	await check("chances against what happened: a row a bin that was told, with what may be believed", async () => {
		await shows(async () => (await all(page, "#chances [data-bin]")).length, 2, "bins");
		const row = (from, cell) => text(page, `#chances [data-bin="${from}"] td:nth-child(${cell})`).then(plain);
		await shows(async () => plain(await text(page, '#chances [data-bin="0.95"] th')), "95–99 % 97 % on average", "told");
		await shows(() => row(0.95, 2), "132 and 5 whose end nobody knows", "departures");
		await shows(() => row(0.95, 4), "97 % the true share is between 93 and 99 %", "ready");
		await shows(() => row(0.95, 5), "as a chance What was told is what happened.", "believed");
		await shows(async () => (await row(0.8, 5)).startsWith("with “about”"), true, "not believed");
	});
	await check("vehicles as CSV", async () => {
		const [file] = await Promise.all([page.waitForEvent("download"), page.locator("#vehicles").getByText("Save CSV").click()]);
		equal(readFileSync(await file.path(), "utf8").split("\r\n").length, mock.data.vehicles.length + 2, "lines");
	});
}

async function workChecks(page, mock) {
	const dialog = page.getByRole("dialog");
	await check("a trip is added in the depot's time, and shown when depotd has it", async () => {
		await page.locator("#axis").getByRole("button", { name: "Add a trip" }).click();
		await dialog.getByLabel("Vehicle").selectOption("VAN-03");
		await dialog.getByLabel("Name").fill("T-77");
		await dialog.getByLabel("Departs").fill("2026-03-12T06:30");
		await dialog.getByLabel("Returns").fill("2026-03-12T12:00");
		await dialog.getByRole("button", { name: "Store the trip" }).click();
		await page.waitForSelector("[data-lane=VAN-03] [data-trip=T-77]");
		const [row] = sent(mock, "PUT /trips/T-77");
		equal([row.vehicle, row.departs, row.returns, row.distance_km], ["VAN-03", "2026-03-12T05:30:00.000Z", "2026-03-12T11:00:00.000Z", 100], "sent");
	});
	await check("rosters say their days, and why one cannot be made", async () => {
		await shows(async () => plain(await text(page, "[data-roster=R-1]")).includes("Mon–Wed, Fri not on 1 more day"), true, "days");
		await shows(async () => /drives trip T-1 then/.test(await text(page, "[data-roster=R-2]")), true, "fault");
	});
	await check("a roster is changed: days, exceptions", async () => {
		await page.locator("[data-roster=R-1]").getByRole("button", { name: "Change" }).click();
		await dialog.getByLabel("Thu").check();
		await dialog.getByLabel(/Not on/).fill("2026-04-03, 2026-04-06");
		await dialog.getByRole("button", { name: "Store the roster" }).click();
		await until("stored", async () => plain(await text(page, "[data-roster=R-1]")).includes("Mon–Fri"));
		equal(sent(mock, "PUT /rosters/R-1")[0].except, ["2026-04-03", "2026-04-06"], "exceptions");
	});
	await check("a yard list is judged line by line, and taken only when all of it is good", async () => {
		const form = page.locator("#import");
		await form.getByLabel("Or paste it here").fill("vehicle,departs,returns,distance_km\nVAN-01,a,b,80\nVAN-99,a,b,80\n");
		await form.getByRole("button", { name: "Look at it" }).click();
		await shows(async () => plain(await text(page, "[data-judged]")), "1 line is no good: nothing can be stored until it is mended. 1 would be stored, 0 are as before, 1 is over and left out.", "verdict");
		await shows(async () => plain(await text(page, "[data-line=\"3\"]")).includes("column vehicle: there is no such vehicle"), true, "fault");
		equal(await form.getByRole("button", { name: /^Take/ }).count(), 0, "not to be taken");
		await form.getByLabel("Or paste it here").fill("vehicle,departs,returns,distance_km\nVAN-01,a,b,80\n");
		await form.getByRole("button", { name: "Look at it" }).click();
		await form.getByRole("button", { name: "Take 1 trip" }).click();
		await until("taken", async () => /1 trip was stored/.test(await form.innerText()));
		equal(sent(mock, "POST /trips/import").map((b) => [b.check, b.each]), [[true, true], [true, true], [undefined, undefined]], "asked, asked, taken");
	});
	await check("what was set aside: hostile text is text; one is corrected, one dropped", async () => {
		await shows(async () => (await all(page, "[data-aside=A2] td")).includes("<b>bold</b>"), true, "as text");
		await page.locator("[data-aside=A1]").getByRole("button", { name: "Correct" }).click();
		await dialog.getByLabel("Vehicle").selectOption("VAN-05");
		await dialog.getByRole("button", { name: "Take it so" }).click();
		await shows(() => page.locator("[data-aside=A1]").count(), 0, "taken");
		equal(sent(mock, "PUT /telematics/aside/A1"), [{ vehicle: "VAN-05" }], "correction");
		await page.locator("[data-aside=A2]").getByRole("button", { name: "Drop" }).click();
		await dialog.getByRole("button", { name: "Drop it" }).click();
		await shows(() => page.locator("#aside").count(), 0, "nothing waits");
	});
}

async function oneChecks(page, mock) {
	const dialog = page.getByRole("dialog");
	await check("one vehicle: what would help, trips, sessions, model, readings", async () => {
		await page.locator("[data-vehicle=VAN-01] a").click();
		await until("its page", async () => /VAN 01 at CP-A1\/1 leaves/.test(await text(page, "h1")));
		equal(new URL(page.url()).pathname, "/vehicles/VAN-01", "address");
		await until("action", async () => /Plug it in at CP-Y1\/1\. Then 97 %\./.test(plain(await text(page, "#help"))));
		await until("trips", async () => (await page.locator("#trips [data-trip-row]").count()) === 1 && (await page.locator("#over [data-trip-row]").count()) === 1);
		await until("sessions", async () => /41\.2/.test(await text(page, "#last-sessions")));
		await until("model", async () => /learnt from 41 trips/.test(await text(page, "#model")));
		await until("readings", async () => /soc_pct 46 % .* flespi/.test(plain(await text(page, "#readings tbody"))));
	});
	await check("its state of charge is told: what is newer is said, and kept", async () => {
		await page.locator("#help").getByRole("button", { name: "Tell its charge" }).click();
		equal(await dialog.getByRole("button", { name: "Tell it" }).isDisabled(), true, "nothing to tell");
		await dialog.getByLabel("State of charge, %").fill("63");
		await dialog.getByLabel("Read at").fill("2026-03-11T06:30");
		await dialog.getByRole("button", { name: "Tell it" }).click();
		await until("depotd's word", async () => /newer is 46 %/.test(await dialog.innerText()));
		await dialog.getByLabel("Read at").fill("");
		await dialog.getByRole("button", { name: "Tell it" }).click();
		await until("closed", async () => (await dialog.count()) === 0);
		equal(sent(mock, "POST /vehicles/VAN-01/soc"), [{ pct: 63, at: "2026-03-11T05:30:00.000Z" }, { pct: 63 }], "sent");
	});
	await check("its work is changed: what changes is said before, the rest of its description stays", async () => {
		await page.locator("#facts").getByRole("button", { name: "Change its work" }).click();
		equal(await dialog.getByRole("button", { name: "Store" }).isDisabled(), true, "nothing to store");
		await dialog.getByLabel("Priority").fill("1");
		await shows(async () => plain(await text(page, "[data-effect]")), "Priority (0 goes first, 9 last): 5 → 1 It counts from the next plan on. From then on the depot’s file does not count for this vehicle.", "effect");
		await dialog.getByRole("button", { name: "Store" }).click();
		await until("depotd's word", async () => /people, here/.test(await text(page, "#facts")));
		const [row] = sent(mock, "PUT /vehicles/VAN-01");
		equal([row.priority, row.battery_wh, row.departs], [1, 77_000, "05:30"], "sent");
	});
}

export async function vehicleChecks(page, mock) {
	mock.again();
	await page.setViewportSize({ width: 1440, height: 1000 });
	await page.locator(".tabs").getByRole("link", { name: "Vehicles" }).click();
	await page.waitForSelector("[data-vehicle]");
	await page.waitForSelector("[data-aside]");
	await looks(page, "vehicles");
	await listChecks(page, mock);
	await workChecks(page, mock);
	await oneChecks(page, mock);
	await looks(page, "vehicle");
}
