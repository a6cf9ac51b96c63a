/* The Meters page against the fixture. */
import { join } from "node:path";
import { HOSTILE } from "./fixture.mjs";
import { axe, check, equal, looks, noSideScroll, pass, plain, SCREENS, shows, text, until } from "./kit.mjs";

const all = (page, selector) => page.locator(selector).allInnerTexts().then((l) => l.map(plain));

async function listChecks(page, mock) {
	await check("meters: in tree order with value, age, state, link", async () => {
		await shows(() => page.locator("#meters [data-meter]").evaluateAll((r) => r.map((x) => x.dataset.meter)), ["M0", "M1", "ocpp:CP-B1"], "order");
		const cells = () => all(page, "[data-meter=M0] > *");
		await shows(async () => (await cells()).slice(0, 4).filter((_, i) => i !== 2), ["Site meter Grid connection", "246.3 kW", "Good"], "M0");
		await shows(async () => (await cells()).slice(4, 9), ["11 ms", "29 ms", "3", "0", "0"], "link");
		await shows(async () => (await all(page, "[data-meter='ocpp:CP-B1'] > *"))[0], "Own meter of CP-B1 Hall B feeder", "a charger's own meter");
		await shows(() => text(page, "h1"), "All 3 meters answer and are believed.", "sentence");
	});
	await check("meters: one that does not answer says so, with its error; what is not believed too", async () => {
		const [m0, m1] = mock.data.meters;
		mock.patch({ meters_sentence: "Hall A meter does not answer. 1 more needs a look.", meters: { M0: { ...m0, ok: false, belief: "doubted", why: "It showed 1.4 kW while 2.8 kW was drawn below it.", next: "Look for a wrong ratio." }, M1: { ...m1, ok: false, belief: "silent", why: "No good reading for 40 s.", timeouts: 12 } } });
		await until("sentence", async () => (await text(page, "h1")) === "Hall A meter does not answer. 1 more needs a look.");
		await shows(async () => (await all(page, "[data-meter=M1] .c-state"))[0], "No answer No good reading for 40 s.", "silent");
		await shows(async () => (await all(page, "[data-meter=M0] .c-state"))[0], "Not believed It showed 1.4 kW while 2.8 kW was drawn below it. Look for a wrong ratio.", "doubt");
		await looks(page, "meters-bad");
		mock.snapshot();
		await until("back", async () => (await text(page, "h1")).startsWith("All 3"));
	});
	await check("meters: no voltage, and a map that the meter refuses, have words of their own", async () => {
		const [m0, m1] = mock.data.meters;
		mock.patch({ meters_sentence: "Hall A meter answers, but has not the registers of its map. 1 more needs a look.", meters: {
			M0: { ...m0, belief: "dark", why: "It shows no voltage on any phase: nothing flows there.", next: "Look at its breaker." },
			M1: { ...m1, ok: false, belief: "refusing", why: "It answers, but not with the registers of map abb-b23: a wrong map?", exceptions: 12 },
		} });
		await until("sentence", async () => (await text(page, "h1")) === "Hall A meter answers, but has not the registers of its map. 1 more needs a look.");
		await shows(async () => (await all(page, "[data-meter=M0] .c-state"))[0], "No voltage It shows no voltage on any phase: nothing flows there. Look at its breaker.", "dark");
		await shows(async () => (await all(page, "[data-meter=M1] .c-state"))[0], "Wrong map? It answers, but not with the registers of map abb-b23: a wrong map?", "refusing");
		await looks(page, "meters-dark");
		mock.snapshot();
		await until("back", async () => (await text(page, "h1")).startsWith("All 3"));
	});
	await check("meters: a meter that shows more than the one above it is named", async () => {
		mock.patch({ meters_sentence: "Hall A meter answers: its wiring needs a look.", meters: { M1: { ...mock.data.meters[1], power_w: 320_000 } } });
		await until("named", async () => (await text(page, "h1")) === "Hall A meter answers: its wiring needs a look.");
		await shows(async () => (await all(page, "[data-meter=M1] .why"))[0], "shows more than Site meter above it", "words");
		mock.snapshot();
	});
}

async function detailChecks(page, mock) {
	await check("a meter opens by key, at an address of its own; Back returns", async () => {
		await page.evaluate(() => document.querySelector('[data-meter="M1"]').focus());
		await page.keyboard.press("Enter");
		await page.waitForSelector("#registers table");
		equal(new URL(page.url()).pathname, "/meters/M1", "address");
		await page.goBack();
		await page.waitForSelector("#meters table");
		await page.goForward();
		await page.waitForSelector("#registers table");
	});
	await check("registers: address, raw words, type, meaning, value, what another source says", async () => {
		const row = (n) => all(page, `[data-register="${n}"] > *`);
		await shows(() => row(0), ["0", "4366 2666", "float32", "Voltage L1", "230.2 V", "230.2 V on Site meter"], "voltage");
		await shows(() => row(14), ["14", "c662 e400", "float32", "Power L2", "−14,521 W", "not believed"], "suspect");
		await shows(async () => (await row(52)).slice(3), ["Power, total", "15,130 W", "EVSEs below draw 73.9 kW"], "compared with the EVSEs");
		await shows(async () => (await row(74)).slice(4), ["unknown", "not given by the meter"], "absent is unknown, not 0");
		await shows(() => page.locator("#registers .tint-risk").count(), 2, "marked rows");
	});
	await check("registers are read anew every second; Hold freezes them", async () => {
		const asked = () => mock.seen.filter((r) => r.includes("/meters/M1/registers")).length;
		const before = asked();
		await until("asked again", () => asked() > before + 1);
		await page.getByRole("button", { name: "Hold" }).click();
		await until("held", async () => (await text(page, "#registers .cap")).startsWith("held at"));
		await pass(page, 3000, mock);
		const later = asked();
		await until("asked twice more", () => asked() > later + 1);
		await shows(async () => (await text(page, "#registers .cap")).split(" ·")[0], "held at 22:40:12", "time");
		await page.getByRole("button", { name: "Go on" }).click();
		await until("read on", async () => (await text(page, "#registers .cap")).startsWith("read 22:40:15"));
		mock.passed = 0;
	});
	await check("old registers look old", async () => {
		mock.meterApi.registersAge = 60_000;
		await until("old", async () => (await page.locator("#registers .is-old").count()) === 1);
		mock.meterApi.registersAge = 0;
		await until("fresh", async () => (await page.locator("#registers .is-old").count()) === 0);
	});
	await check("the wiring check's words lead the page of its meter", async () => {
		mock.meterApi.pairs = [{
			upper: "M0", lower: "M1", steps: 41, ok: false, clear: true, finding: "L1 of M1 is L2 of M0.",
			phases: [{ phase: 1, upper_phase: 2, gain: 0.99, error: 0.02 }, { phase: 2, upper_phase: 1, gain: 1.01, error: 0.02 }, { phase: 3 }],
		}];
		mock.meterApi.selves = [{ meter: "M1", finding: "L2 runs the other way than the other two." }];
		mock.data.meters[1].sentence = "Hall A meter answers: its wiring needs a look.";
		await page.reload();
		await until("sentence", async () => (await text(page, "h1")) === "Hall A meter answers: its wiring needs a look.");
		await shows(async () => (await all(page, "[data-pair] .phases li"))[0], "L1 moves with L2 above, 0.99 ± 0.02", "phase");
		await shows(async () => (await all(page, "[data-pair] .phases li"))[2], "L3: not moved enough", "unseen");
		await page.waitForSelector("#registers table");
		await looks(page, "meter");
	});
	await check("the check begins anew only after a yes", async () => {
		await page.getByRole("button", { name: "Begin anew…" }).click();
		await axe(page, "dialog");
		await page.keyboard.press("Escape");
		equal(mock.bodies.length + mock.seen.filter((r) => r.includes("reset")).length, 0, "nothing sent");
		await page.getByRole("button", { name: "Begin anew…" }).click();
		await page.getByRole("button", { name: "Begin anew", exact: true }).click();
		await until("empty", async () => (await text(page, "#wiring")).includes("Nothing to compare yet."));
	});
	await check("hostile registers and errors are text", async () => {
		mock.meterApi.about = HOSTILE;
		mock.patch({ meters: { M1: { ...mock.data.meters[1], name: HOSTILE, sentence: `${HOSTILE} answers and is believed.`, why: HOSTILE, next: HOSTILE, last_error: HOSTILE, link: HOSTILE } } });
		await until("shown", async () => (await text(page, "#registers")).includes(HOSTILE) && (await text(page, "h1")).includes(HOSTILE));
		await shows(() => page.evaluate(() => [window.hacked, document.querySelectorAll("#app img, #app script").length]), [null, 0], "executed");
		await page.setViewportSize({ width: 320, height: 640 });
		await noSideScroll(page, "hostile meter");
		await page.setViewportSize({ width: 1440, height: 1000 });
		mock.meterApi.about = undefined;
		mock.snapshot();
	});
	await check("a meter that is not there says so", async () => {
		await page.goto(new URL("/meters/none", page.url()).href);
		await until("words", async () => (await text(page, "h1")) === "There is no meter of that name.");
	});
}

async function walkChecks(page, mock) {
	await page.goto(new URL("/meters", page.url()).href);
	await page.waitForSelector("#walk select");
	await check("walk: not without consent; then with progress and a result of each meter", async () => {
		const start = page.getByRole("button", { name: "Start the walk" });
		await shows(() => start.isDisabled(), true, "before consent");
		await page.locator("#walk select").selectOption("CP-A3/1");
		await page.getByLabel(/Somebody agreed that VAN 05/).check();
		await page.locator("#walk select").selectOption("CP-A1/2");
		await shows(() => start.isDisabled(), true, "consent was for another van");
		await page.getByLabel(/Somebody agreed that VAN 02/).check();
		const open = mock.shut();
		await start.dblclick({ noWaitAfter: true });
		open();
		await page.waitForSelector('[data-walk="high"]');
		equal(mock.bodies.filter(([r]) => r === "POST /meters/walk").map(([, b]) => b), [{ station: "CP-A1", evse: 2, consent: true }], "sent once");
		mock.meterApi.walk = { ...mock.meterApi.walk, state: "low", rounds_done: 1 };
		await until("progress", async () => plain(await text(page, "#walk .progress")) === "1 of 3 rounds");
		mock.meterApi.walk = { ...mock.meterApi.walk, state: "done", rounds_done: 3, meters: [
			{ meter: "M1", above: true, steps: 6, moved: true, gain: 2.01, phases: [], finding: "shows 2.01 times the step: a wrong ratio" },
			{ meter: "M0", above: true, steps: 6, moved: true, gain: 1, phases: [], finding: "as it should be" },
		] };
		await until("result", async () => (await all(page, "[data-walked]")).length === 2);
		await shows(async () => (await all(page, "[data-walked=M1]"))[0], "Wrong Hall A meter shows 2.01 times the step: a wrong ratio Shows 2.01 of the step. 6 steps compared.", "M1");
		await shows(() => page.locator("[data-walked=M1].tint-risk").count(), 1, "marked");
	});
}

async function scanChecks(page, mock) {
	await check("scan: refused with the server's words; progress; who answers and what it may be", async () => {
		await page.getByLabel("Address of the gateway").fill("8.8.8.8");
		await page.getByRole("button", { name: "Scan", exact: true }).click();
		await until("refusal", async () => (await text(page, "#scan")).includes("only private addresses are scanned"));
		await page.getByLabel("Address of the gateway").fill("10.0.0.20");
		await page.getByLabel("To unit").fill("20");
		await page.getByRole("button", { name: "Scan", exact: true }).click();
		await page.waitForSelector('[data-scan="running"]');
		const [scan] = mock.meterApi.scans;
		Object.assign(scan, { next_unit: 6, units: [
			{ unit: 3, answers: "values", latency_ms: 12, guesses: [{ map: "eastron-sdm630", about: HOSTILE, points: 95, power_w: 4100, voltages_v: [230, 231, 229], frequency_hz: 50 }] },
			{ unit: 5, answers: "refuses", latency_ms: 9, guesses: [] },
		] });
		await until("progress", async () => plain(await text(page, "#scan .progress")) === "5 of 20 units asked, 2 answer");
		await shows(async () => (await text(page, '[data-unit="3"]')).includes(HOSTILE), true, "hostile name is text");
		await shows(async () => plain(await text(page, '[data-unit="5"]')), "Unit 5 answers, but refuses every request, 9 ms None of the register maps fits.", "refuses");
		Object.assign(scan, { next_unit: 21, state: "done" });
		await page.waitForSelector('[data-scan="done"]');
	});
	await check("the page with all results fits and is accessible", async () => {
		await looks(page, "meters-results");
	});
	await check("a viewer sees the buttons, off, and why", async () => {
		mock.role = "viewer";
		await page.reload();
		await page.waitForSelector("#scan form");
		const scan = page.getByRole("button", { name: "Scan (not as viewer)" });
		await shows(async () => [await scan.count(), await scan.isDisabled()], [1, true], "scan");
		mock.role = "admin";
		await page.reload();
		await page.waitForSelector("#scan form");
	});
	await check("German: every word of the page, kept by the browser", async () => {
		await page.locator(".user summary").click();
		await page.getByLabel("Deutsch").check();
		await until("German", async () => (await page.evaluate(() => document.documentElement.lang)) === "de"
			&& (await page.locator("h1").count()) === 1 && (await text(page, "#meters .cap")) === "in der Ordnung des Baums");
		for (const path of ["/", "/energy", "/energy/EN4", "/meters", "/meters/M1", "/alarms", "/alarms/AL1"]) {
			await page.goto(new URL(path, page.url()).href);
			await page.waitForSelector(".say h1");
			for (const width of [1440, 320]) {
				await page.setViewportSize({ width, height: 900 });
					await noSideScroll(page, `German ${path}`);
				await page.screenshot({ path: join(SCREENS, `german${path.replace(/\W/g, "-")}-${width}.png`), fullPage: true });
			}
		}
		await page.setViewportSize({ width: 1440, height: 1000 });
		await page.locator(".user summary").click();
		await page.getByLabel("English").check();
		await until("English", async () => (await page.evaluate(() => document.documentElement.lang)) === "en");
		await page.waitForSelector(".say h1");
	});
}

export async function meterChecks(page, mock) {
	const old = mock.data;
	mock.data = {
		...old,
		tree: { ...old.tree, nodes: old.tree.nodes.map((n) => (n.id === "hall-b" ? { ...n, meter: "ocpp:CP-B1", load_source: "meter" } : n)) },
	};
	mock.again(mock.data);
	await page.locator(".tabs").getByRole("link", { name: "Meters" }).click();
	await page.waitForSelector("#meters table");
	await listChecks(page, mock);
	await detailChecks(page, mock);
	await walkChecks(page, mock);
	await scanChecks(page, mock);
	mock.again(old);
}
