/* The Chargers page against the fixture. */
import { HOSTILE, overview } from "./fixture.mjs";
import { axe, check, equal, looks, noSideScroll, plain, shows, text, until } from "./kit.mjs";

const ids = (page) => page.locator("[data-charger]").evaluateAll((r) => r.map((x) => x.dataset.charger));
const cells = (page, id) => page.locator(`[data-charger=${id}] > *`).allInnerTexts().then((l) => l.map(plain));

async function listChecks(page, mock) {
	await check("chargers: depotd's sentence, a row each with connection, EVSEs, van, power, firmware", async () => {
		await shows(() => text(page, "h1"), "CP-B3 EVSE 1 has a fault. CP-Y4 is silent since 21:59.", "sentence");
		equal((await ids(page)).length, 12, "rows");
		equal(await cells(page, "CP-A3"), ["CP-A3 Hall A feeder", "Connected", "1 Charging 2 Charging", "VAN 05, VAN 06", "19.0 of 30.0 kW", "1.4.0 Sim Twin 22", "2", "1 s"], "CP-A3");
		await shows(async () => (await cells(page, "CP-Y4"))[1], "Silent for 41 min", "silent");
		await shows(async () => (await cells(page, "CP-B3"))[2].startsWith("1 Faulted"), true, "fault in words");
		await shows(async () => (await cells(page, "CP-B3"))[1], "Connected Charger disobeys", "its alarm");
	});
	await check("chargers: search, filter and order stand in the address, which brings them back", async () => {
		await page.getByLabel("Charger, van, firmware").fill("van 1 hall b");
		await until("found", async () => (await ids(page)).join() === "CP-B1,CP-B2,CP-B3");
		await page.getByRole("button", { name: "Faults", exact: true }).click();
		await until("faulted", async () => (await ids(page)).join() === "CP-B3");
		equal(new URL(page.url()).search, "?q=van+1+hall+b&show=faults", "address");
		await page.reload();
		await until("again", async () => (await ids(page)).join() === "CP-B3");
		await page.getByLabel("Charger, van, firmware").fill("nothing like it");
		await page.getByRole("button", { name: "Show all chargers" }).click();
		await until("all", async () => (await ids(page)).length === 12);
		await page.getByRole("button", { name: "Draws, kW" }).click();
		await until("most power first", async () => (await ids(page))[0] === "CP-Y1");
		await shows(() => page.locator("th[aria-sort=ascending]").count(), 1, "said");
		await page.getByRole("button", { name: "Draws, kW" }).click();
		await page.getByRole("button", { name: "Draws, kW" }).click();
		await until("by place", async () => (await ids(page))[0] === "CP-A1");
	});
	await check("chargers: CSV has a line for each EVSE", async () => {
		const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save CSV" }).click()]);
		equal(file.suggestedFilename(), "chargers-2026-03-11.csv", "name");
	});
	await looks(page, "chargers");
	await check("250 chargers: rows near the window are drawn, the last one when one scrolls to it", async () => {
		const big = overview(mock.now());
		for (let i = 0; i < 238; i += 1) {
			const from = big.stations[i % 8];
			big.stations.push({ ...from, id: `X-${i}`, evses: from.evses.map((e) => ({ ...e })) });
		}
		mock.data = big;
		mock.snapshot();
		await until("a part of them", async () => (await page.locator("[data-charger]").count()) < 100
			&& Number(await page.locator("table.chargers").getAttribute("aria-rowcount")) === 251);
		await until("the last", async () => {
			await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
			return page.locator("[data-charger=X-237]").isVisible();
		});
		mock.patch({ evses: Object.fromEntries(big.stations.flatMap((s) => s.evses.map((e) => [`${s.id}/${e.id}`, { ...e, power_w: 9876 }]))) });
		await until("all changed", async () => (await cells(page, "X-237"))[4].startsWith("19.8"));
		mock.data = overview();
		mock.snapshot();
		await page.evaluate(() => scrollTo(0, 0));
		await until("back", async () => (await ids(page)).length === 12);
	});
}

async function detailChecks(page, mock) {
	await check("a charger: its EVSEs with limit and owner, alarms, variables, profiles, certificates", async () => {
		await page.evaluate(() => document.querySelector('[data-charger="CP-B3"]').focus());
		await page.keyboard.press("Enter");
		await page.waitForSelector("[data-evse-panel]");
		equal(new URL(page.url()).pathname, "/chargers/CP-B3", "address");
		await shows(() => text(page, "h1"), "CP-B3: EVSE 1 is faulted, EVSE 2 is charging.", "sentence");
		const two = async () => plain(await text(page, "[data-evse-panel='2']"));
		for (const part of ["VAN 15, 41 → 85 %, leaves 06:45", "10.98 kW, 2 s ago", "11.0 kW, Plan", "15.9 · 15.8 · 15.9 A", "4.6 kWh, since 22:15", "Occupied"]) {
			await until(part, async () => (await two()).includes(part));
		}
		await shows(() => page.locator("[data-trouble=AL2]").count(), 1, "alarm");
		await until("what it says is wrong", async () => plain(await text(page, "[data-alert='5']")).startsWith("EVSE 1, RCD.Tripped true: <img"));
		await shows(async () => plain(await text(page, "[data-evse-panel='1'] .fault")).endsWith("VAN 16 is plugged in, without power. An electrician must look at it. Then reset EVSE 1."), true, "fault");
		await until("profile", async () => plain(await text(page, "[data-profile='4411'] .c-value")) === "16.0 A, 6.0 A after 3 h 35 min");
		await until("certificate", async () => plain(await text(page, "[data-certificate='77']")).includes("ends in 12 days"));
		await shows(() => page.locator("[data-variable]").count(), 4, "variables");
		await until("its log", async () => plain(await text(page, "[data-file=f1]")) === "diagnostics.log 81.9 kB 22:39");
		await shows(() => page.evaluate(() => [window.hacked, document.querySelectorAll("#app img, #app script").length]), [null, 0], "hostile words are text");
	});
	await check("messages: a line is a request with its reply; odd ones alone; both bodies on demand", async () => {
		const lines = () => page.locator(".wire .line").allInnerTexts().then((l) => l.map(plain));
		await until("lines", async () => (await lines()).length === 7);
		equal((await lines()).slice(0, 2), ["22:40:11.000 → Heartbeat ok 4 ms", "22:40:02.000 → TransactionEvent Updated, EVSE 2, MeterValuePeriodic, 10.98 kW ok 6 ms"], "lines");
		await page.getByRole("button", { name: /Refused or silent/ }).click();
		await until("odd", async () => (await lines()).length === 3);
		equal((await lines()).map((l) => l.split(" ").slice(-3).join(" ")), ["Rejected 44 ms", "1 no reply", "schema 6 ms"], "what is odd");
		await page.locator(".wire .line").first().focus();
		await page.keyboard.press("Space");
		await until("bodies", async () => (await text(page, ".bodies")).includes("UnsupportedRateUnit"));
		await page.getByRole("button", { name: /Refused or silent/ }).click();
		await page.getByRole("button", { name: "Hide routine" }).click();
		await until("quiet", async () => (await lines()).length === 5);
		await page.getByRole("button", { name: "All", exact: true }).click();
		await page.getByText("Search by action, text, time").click();
		await page.locator("#wire").getByLabel("Action").fill("UnlockConnector");
		await until("one action", async () => (await lines()).length === 1);
		await page.locator("#wire").getByLabel("Action").fill("");
		await page.getByText("Search by action, text, time").click();
		await page.evaluate(() => document.activeElement.blur());
		await page.keyboard.press("p");
		await until("paused", async () => (await text(page, "#wire header")).includes("paused"));
		await page.keyboard.press("p");
	});
	await check("a link to one message opens it", async () => {
		await page.goto(`${new URL(page.url()).origin}/chargers/CP-B3?msg=m3`);
		await until("open", async () => (await page.locator('[data-pair="m3"].open').count()) === 1);
	});
	await looks(page, "charger");
	await check("variables: what is typed is found; a new value goes through the same dialog", async () => {
		await page.getByLabel("Filter variables").fill("Heartbeat");
		await until("one", async () => (await page.locator("[data-variable]").count()) === 1);
		await page.locator("[data-variable] button").click();
		await page.getByLabel("New value").fill("60");
		await page.locator(".write").getByRole("button", { name: "Write…" }).click();
		await page.waitForSelector("dialog [data-effect]");
		await shows(async () => plain(await text(page, "dialog .change")), "300 → 60", "old and new");
		await page.getByRole("button", { name: "Write it" }).click();
		await page.waitForSelector("dialog [data-course]");
		const [, body] = mock.bodies.findLast(([r]) => r === "POST /stations/CP-B3/commands");
		equal(body.payload, { setVariableData: [{ component: { name: "OCPPCommCtrlr" }, variable: { name: "HeartbeatInterval" }, attributeType: "Actual", attributeValue: "60" }] }, "sent");
		await page.keyboard.press("Escape");
		await page.getByLabel("Filter variables").fill("");
	});
}

/* The log of all chargers. */
async function wireChecks(page, mock) {
	const lines = () => page.locator(".wire .line").count();
	await page.locator(".tabs").getByText("More").click();
	await page.getByRole("link", { name: "Wire log" }).click();
	await check("wire log: messages of all chargers, with whose they are, live by the stream alone", async () => {
		await until("lines", async () => (await lines()) === mock.chargerApi.said.length);
		await shows(async () => plain(await text(page, ".wire .line:first-child .what")).startsWith("CP-"), true, "whose");
		const asked = () => mock.seen.filter((r) => r.startsWith("GET /api/v1/wire?")).length;
		const before = asked();
		await new Promise((r) => setTimeout(r, 2500));
		equal(asked(), before, "nothing is asked while nobody says anything");
		const said = mock.chargerApi.said;
		mock.chargerApi.said = [["in", "LogStatusNotification", { status: "Uploaded" }, {}, 0, 9], ...said];
		mock.chargerApi.heard("CP-A1");
		await until("the new one", async () => (await text(page, ".wire .what")).includes("LogStatusNotification"));
		mock.chargerApi.said = said;
	});
	await check("wire log: what is looked for stands in the address, which brings it back, and in the export", async () => {
		await page.locator("#wire").getByLabel("Action").fill("UnlockConnector");
		await page.locator("#wire").getByLabel("Answered").selectOption("1000");
		await page.getByRole("button", { name: "to charger" }).click();
		await until("found", async () => (await lines()) === 1);
		equal(new URL(page.url()).search, "?action=UnlockConnector&direction=out&slower=1000", "address");
		equal(await page.locator("#wire a[download]").last().getAttribute("href"), "/api/v1/wire/export?action=UnlockConnector&direction=out&format=csv", "export");
		await page.reload();
		await until("again", async () => (await lines()) === 1);
		const asked = mock.seen.findLast((r) => r.startsWith("GET /api/v1/wire?"));
		for (const part of ["action=UnlockConnector", "direction=out", "slower=1000"]) if (!asked.includes(part)) throw new Error(asked);
		await page.goto(`${new URL(page.url()).origin}/wire`);
		await until("all", async () => (await lines()) === mock.chargerApi.said.length);
	});
	await looks(page, "wire");
	await page.goto(`${new URL(page.url()).origin}/chargers/CP-B3`);
	await page.waitForSelector("[data-evse-panel]");
}

async function commandChecks(page, mock) {
	const posts = () => mock.bodies.filter(([r]) => r === "POST /stations/CP-B3/commands");
	const open = async () => {
		await page.getByRole("button", { name: "Whole charger" }).click();
		await page.locator("[data-offer=reset] button").click();
		await page.waitForSelector("dialog [data-effect]");
	};
	await check("a command: the form of the schema, its effect on vans, nothing sent by Esc", async () => {
		const before = posts().length;
		await open();
		await shows(async () => plain(await text(page, "[data-effect]")), "Stops VAN 15 until it is back, for a minute or two. EVSE 2: VAN 15, Charging, 11.0 kW, leaves 06:45. It stops. "
			+ "depotd waits for the station to come back; only then it is done.", "effect");
		await axe(page, "command");
		await page.getByLabel(/^type/).selectOption("OnIdle");
		await until("said anew", async () => (await text(page, "[data-effect]")).includes("It touches no van."));
		await page.keyboard.press("Escape");
		await until("closed", async () => (await page.locator("dialog.command").count()) === 0);
		equal(posts().length, before, "sent");
	});
	await check("a double press sends once, with why; nothing is done before the charger says so", async () => {
		const before = posts().length;
		await open();
		await page.getByLabel("Why").fill("it hangs");
		const let_go = mock.shut();
		await page.getByRole("button", { name: "Reset the charger" }).dblclick({ noWaitAfter: true });
		let_go();
		await page.waitForSelector("dialog [data-course]");
		equal(posts().slice(before).map(([, b]) => b), [{ action: "Reset", payload: { type: "Immediate" }, wait: "none", why: "it hangs" }], "once");
		const id = mock.chargerApi.commands[0].id;
		const step = () => page.locator("dialog [data-course]").getAttribute("data-step");
		await shows(step, "asked", "asked");
		mock.chargerApi.move(id, { step: "sent" });
		await until("sent", async () => (await step()) === "sent");
		mock.chargerApi.move(id, { step: "answered", state: "running", status: "Accepted", note: "waits for the station to come back", response: { status: "Accepted" } });
		await until("answered", async () => (await step()) === "answered");
		await shows(async () => (await text(page, "dialog [data-course]")).includes("Done"), false, "not done");
		mock.chargerApi.move(id, { step: "ended", state: "done", status: "RemoteReset", note: "the station is back", ended_at: new Date(mock.now()).toISOString() });
		await until("done", async () => (await text(page, "dialog [data-course]")).includes("Done"));
		await page.getByRole("button", { name: "Close" }).last().click();
		await until("in the list", async () => plain(await text(page, `[data-asked="${id}"] summary`)).includes("Reset Immediate Done"));
		await page.locator(`[data-asked="${id}"] summary`).click();
		await shows(async () => plain(await text(page, `[data-asked="${id}"] .in`)).includes("by M. de Wit: it hangs"), true, "who and why");
	});
	await check("a lost answer is unknown, not done", async () => {
		await open();
		await page.getByRole("button", { name: "Reset the charger" }).click();
		await page.waitForSelector("dialog [data-course]");
		const id = mock.chargerApi.commands[0].id;
		mock.chargerApi.move(id, { step: "ended", state: "unknown", note: "no answer came", ended_at: new Date(mock.now()).toISOString() });
		await until("unknown", async () => (await page.locator('dialog [data-state="unknown"]').count()) === 1);
		await shows(() => page.locator("dialog .steps .never").count(), 1, "answered never");
		await page.getByRole("button", { name: "Close" }).last().click();
	});
	await check("what the server refuses stands in the dialog, and cannot be sent", async () => {
		mock.chargerApi.refuses = "payload.evseId: CP-B3 has no EVSE 9, but: 1, 2";
		await page.locator("[data-offer=reset] button").click();
		await until("words", async () => (await text(page, "dialog.command")).includes("CP-B3 has no EVSE 9"));
		await shows(() => page.getByRole("button", { name: "Reset the charger" }).isDisabled(), true, "off");
		mock.chargerApi.refuses = undefined;
		await page.keyboard.press("Escape");
	});
	await check("any other command: nested fields and lists, needed ones first filled", async () => {
		await page.getByLabel("Any other command").selectOption("GetVariables");
		await page.getByRole("button", { name: "Fill in…" }).click();
		await until("needs", async () => (await text(page, "dialog.command")).includes("Fill in what is needed"));
		await page.locator('[data-field="getVariableData[0].component.name"] input').fill("EVSE");
		await page.getByRole("button", { name: "Add evse" }).click();
		await page.locator('[data-field="getVariableData[0].component.evse.id"] input').fill("2");
		await page.locator('[data-field="getVariableData[0].variable.name"] input').fill("Power");
		await page.waitForSelector("dialog [data-effect]");
		await axe(page, "nested form");
		for (const width of [1440, 320]) {
			await page.setViewportSize({ width, height: 900 });
			await noSideScroll(page, "nested form");
		}
		await page.setViewportSize({ width: 1440, height: 1000 });
		await page.getByRole("button", { name: "Send GetVariables" }).click();
		await page.waitForSelector("dialog [data-course]");
		equal(posts().at(-1)[1].payload, { getVariableData: [{ component: { name: "EVSE", evse: { id: 2 } }, variable: { name: "Power" } }] }, "payload");
		await page.keyboard.press("Escape");
	});
	await check("a silent charger takes no command, and says why", async () => {
		mock.patch({ stations: { "CP-B3": { ...mock.data.stations.find((s) => s.id === "CP-B3"), evses: undefined, connected: false } } });
		await until("why", async () => plain(await text(page, "[data-offer=reset]")).includes("The charger is silent."));
		await shows(() => page.locator("[data-offer=reset] button").isDisabled(), true, "off");
		mock.snapshot();
	});
}

/* Another person, who may look only. */
async function viewerChecks(page, mock) {
	await check("a viewer sees the charger, and neither commands nor messages", async () => {
		mock.role = "viewer";
		await page.reload();
		await page.waitForSelector("[data-evse-panel]");
		await shows(() => page.locator("[data-offer], .wire li, [data-variable] button").count(), 0, "nothing to press");
		await until("why not", async () => (await text(page, "#commands")).includes("may command chargers"));
		await shows(async () => (await text(page, "#wire")).includes("Your role may not see this."), true, "messages");
		mock.role = "admin";
		await page.reload();
		await page.waitForSelector("[data-offer]");
	});
	await check("hostile names of a charger are text, and fit", async () => {
		const one = mock.data.stations.find((s) => s.id === "CP-B3");
		mock.patch({ stations: { "CP-B3": { ...one, evses: undefined, name: HOSTILE, sentence: HOSTILE, vendor: HOSTILE, firmware: HOSTILE, serial: HOSTILE } } });
		await until("shown", async () => (await text(page, "h1")) === HOSTILE);
		for (const width of [1440, 320]) {
			await page.setViewportSize({ width, height: 800 });
			await noSideScroll(page, "hostile charger");
		}
		await page.setViewportSize({ width: 1440, height: 1000 });
		await page.locator(".tabs").getByRole("link", { name: "Chargers" }).click();
		await until("in the list", async () => (await cells(page, "CP-B3"))[0]?.includes("<img"));
		await shows(() => page.evaluate(() => [window.hacked, document.querySelectorAll("#app img, #app script").length]), [null, 0], "executed");
		mock.snapshot();
	});
	await check("no such charger: says so", async () => {
		await page.goto(`${new URL(page.url()).origin}/chargers/CP-Q`);
		await until("words", async () => (await text(page, "h1")) === "There is no charger of that name.");
	});
}

export async function chargerChecks(page, mock) {
	mock.again();
	await page.keyboard.press("g");
	await page.keyboard.press("c");
	await page.waitForSelector("[data-charger]");
	await listChecks(page, mock);
	await detailChecks(page, mock);
	await commandChecks(page, mock);
	await wireChecks(page, mock);
	await viewerChecks(page, mock);
}
