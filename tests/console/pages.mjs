/* Pages beyond the night against the fixture: sessions, tariffs, certificates, grid operators, settings. */
import { axe, check, equal, looksFew, plain, shows, text, until } from "./kit.mjs";

const all = (page, selector) => page.locator(selector).allInnerTexts().then((l) => l.map(plain));
const isSafe = (page) => shows(() => page.evaluate(() => [window.hacked, document.querySelectorAll("#app img, #app script").length]), [null, 0], "executed");

async function open(page, path, waitFor) {
	await page.goto(new URL(path, page.url()).href);
	await page.waitForSelector(waitFor);
}

async function sessionChecks(page, mock) {
	await check("More leads to the pages that one seldom needs, and its keys too", async () => {
		await page.locator(".tabs .more summary").click();
		await page.locator(".tabs .more").getByRole("link", { name: "Sessions" }).click();
		await page.waitForSelector("[data-session]");
		equal(new URL(page.url()).pathname, "/sessions", "address");
		await shows(() => page.locator(".tabs .more[open]").count(), 0, "the menu is closed");
		for (const [key, path] of [["r", "/tariffs"], ["k", "/certificates"], ["o", "/grid-peers"], [",", "/settings"], ["i", "/sessions"]]) {
			await page.keyboard.press("g");
			await page.keyboard.press(key);
			await until(path, () => new URL(page.url()).pathname === path);
		}
		await page.waitForSelector("[data-session]");
	});
	await check("sessions: sentence, rows with record, filters in the address, older ones on demand", async () => {
		await shows(() => text(page, "h1"), "1 record contradicts itself. 1 session is open.", "sentence");
		await shows(async () => (await all(page, '[data-session="CP-A3/8f2a-2"] > *')).slice(3), ["3 h", "25.4 kWh", "3.92 EUR", "EVDisconnected", "messages 3-5, 9 are missing"], "row");
		await shows(() => page.locator(".tint-risk[data-session]").count(), 1, "set aside");
		await page.getByRole("button", { name: "Ended" }).click();
		await until("filtered", async () => (await page.locator("[data-session]").count()) === 3);
		equal(new URL(page.url()).search, "?state=ended", "address");
		await page.getByRole("button", { name: "Show older ones" }).click();
		await until("no more", async () => (await page.getByRole("button", { name: "Show older ones" }).count()) === 0);
		await isSafe(page);
	});
	await looksFew(page, "sessions");
	await check("one session: course, limit and its owner, cost by price, signatures, events", async () => {
		await page.locator('[data-session="CP-A3/8f2a-1"] a').click();
		await page.waitForSelector("#course .plan-line", { state: "attached" });
		equal(new URL(page.url()).pathname, "/sessions/CP-A3/8f2a-1", "address");
		await page.reload();
		await page.waitForSelector("#course .plan-line", { state: "attached" });
		await shows(() => all(page, "[data-part]"), ["Energy at 36.0 ct/kWh 9.4 kWh 3.38 EUR", "Energy at 17.0 ct/kWh 16.0 kWh 2.72 EUR"], "parts");
		await shows(async () => (await all(page, "[data-expected]"))[0], "Expected 26.0 kWh ≈ 4.10 EUR", "expected");
		await shows(async () => (await all(page, "[data-told]"))[0].startsWith("16:20 6.5 kW Guard · Hall A feeder Hall A is full"), true, "the limit that held it");
		await shows(() => page.locator("[data-signed]").evaluateAll((l) => l.map((x) => x.dataset.signed)), ["verified", "wrong", "unverifiable"], "signatures");
		await page.locator("[data-signed=unverifiable] summary").click();
		await until("why", async () => (await text(page, "[data-signed=unverifiable]")).includes("only OCMF is verified here"));
		await shows(() => page.locator("[data-event]").count(), 2, "events");
		await shows(async () => plain(await text(page, "#why li")), "For 40 min a phase is full (first at hall-a).", "why");
		await isSafe(page);
	});
	await looksFew(page, "session");
	await check("a session that is not there says so", async () => {
		await open(page, "/sessions/CP-A3/none", "h1");
		await until("words", async () => (await text(page, "h1")) === "There is no such session.");
	});
}

async function tariffChecks(page, mock) {
	await open(page, "/tariffs", "[data-tariff]");
	await check("tariffs: in force, to come; hours on an assumption are marked; a series that fails says so", async () => {
		await shows(async () => (await all(page, "[data-tariff] td:nth-child(2)")), ["In force", "To come", "To compare"], "states");
		await shows(() => page.locator(".strip .assumed").count(), 5, "assumed hours");
		await shows(async () => plain(await text(page, "[data-series=epex]")).includes("failed 4 times in a row"), true, "series");
		await shows(async () => plain(await text(page, "[data-verdict]")).startsWith("258.25 EUR dearer. Night 2026 5,874.25 EUR, Night 2027 6,132.50 EUR."), true, "comparison");
		await isSafe(page);
	});
	await looksFew(page, "tariffs");
	await open(page, "/tariffs/night", ".week [data-day]");
	await check("the editor: what overlaps is refused by name at its part, and cannot be saved", async () => {
		await shows(() => page.locator("[data-period]").count(), 2, "periods");
		mock.pagesApi.tariffFault = 'import[0]: "day" and "night" overlap on Mondays at 05:00';
		await page.locator("[data-period=night]").getByLabel("Hours").fill("05:00-06:00");
		await page.keyboard.press("Tab");
		await until("refused", async () => (await page.locator("[data-fault]").count()) === 1);
		await shows(() => text(page, "[data-fault]"), mock.pagesApi.tariffFault, "words");
		await shows(() => page.locator("fieldset.bad").evaluateAll((l) => l.map((x) => x.dataset.part)), ["energy"], "part");
		await shows(() => page.getByRole("button", { name: "Save", exact: true }).isDisabled(), true, "save");
		mock.pagesApi.tariffFault = undefined;
		await page.locator("[data-period=night]").getByLabel("Hours").fill("22:00-06:00");
		await page.keyboard.press("Tab");
		await until("good", async () => (await page.locator(".week [data-day]").count()) >= 7);
		await page.getByRole("button", { name: "Save", exact: true }).click();
		await axe(page, "save");
		await page.locator("dialog").getByRole("button", { name: "Save" }).click();
		await until("sent", () => mock.bodies.some(([r, b]) => r === "PUT /tariffs/night" && b.import[0].periods[1].hours[0] === "22:00-06:00"));
	});
	await looksFew(page, "tariff");
}

async function certificateChecks(page, mock) {
	await open(page, "/certificates", "[data-certificate]");
	await check("certificates: what ends first, why a renewal failed; only those due", async () => {
		await shows(async () => plain((await all(page, "[data-certificate=CP-B3]"))[0]).includes("Over station depotd asks the station its request no request came within 5 min"), true, "failure");
		await page.getByRole("button", { name: "Due or failed" }).click();
		await until("two", async () => (await page.locator("[data-certificate]").count()) === 2);
		await page.getByRole("button", { name: "Renew what is due now" }).click();
		await until("said", async () => (await text(page, "#calendar [role=status]")).includes("are asked now"));
		await isSafe(page);
	});
	await check("a new root: no switch before every station is ready, but with a reason", async () => {
		await page.getByRole("button", { name: "Make a new root…" }).click();
		await page.getByRole("button", { name: "Make it" }).click();
		await page.waitForSelector("[data-station=CP-A2]");
		await page.getByRole("button", { name: "Switch…" }).click();
		const yes = page.getByRole("button", { name: "Switch now" });
		await shows(() => yes.isDisabled(), true, "CP-A2 is away");
		await page.getByLabel("Leave those behind that are not ready").check();
		await shows(() => yes.isDisabled(), true, "without a reason");
		await page.locator("dialog").getByLabel("Why").fill("it is sold");
		await yes.click();
		await until("sent", () => mock.bodies.some(([r, b]) => r === "POST /authority/rollover" && b.step === "switch" && b.without?.[0] === "CP-A2" && b.why === "it is sold"));
		mock.pagesApi.areReady = true;
		await page.reload();
		await page.waitForSelector("[data-station=CP-A2]");
		await page.getByRole("button", { name: "Switch…" }).click();
		await shows(() => yes.isDisabled(), false, "all are ready");
		await page.keyboard.press("Escape");
	});
	await looksFew(page, "certificates");
}

async function peerChecks(page, mock) {
	await open(page, "/grid-peers", "#peer-liander");
	await check("grid operators: who is silent, what was refused, what to do; no token is asked twice", async () => {
		await shows(() => text(page, "h1"), "Liander is silent: its fallback limits hold.", "sentence");
		await shows(() => page.locator("#peer-liander .odd").count(), 1, "refused");
		await shows(async () => plain(await text(page, "#peer-enexis [data-next]")), "Next step: begin: make a token for it", "next");
		await page.locator("#peer-stedin").getByRole("button", { name: "Ask for capacity…" }).click();
		await page.getByLabel("Capacity, kW").fill("80");
		await page.getByRole("button", { name: "Ask", exact: true }).click();
		await until("sent", () => mock.bodies.some(([r, b]) => r === "POST /oscp/peers/stedin/adjust" && b.group === "G1" && b.blocks[0].capacity === 80 && b.blocks[0].unit === "KW"));
		await isSafe(page);
	});
	await check("an envelope of theirs is tried before it is accepted", async () => {
		await shows(async () => (await page.locator("#envelopes [data-envelope]").count()) > 0, true, "their limits");
		await shows(async () => (await all(page, "#envelopes .c-name")).every((t) => t.startsWith("oscp/")), true, "only theirs");
	});
	await looksFew(page, "peers");
}

async function settingChecks(page, mock) {
	await open(page, "/settings", "[data-change]");
	await check("settings: a change is refused with its line, then checked, shown as lines, applied with a reason", async () => {
		const area = page.locator("textarea.yaml");
		const before = await area.inputValue();
		mock.pagesApi.gridFault = "line:3: nodes[1].limit_w: must be from 0 to 9007199254740991 but is -5";
		await area.fill(before.replace("160000", "-5"));
		await page.getByRole("button", { name: "Check" }).click();
		await until("refused", async () => (await page.locator("[data-fault]").count()) === 1);
		await shows(() => text(page, "[data-fault]"), mock.pagesApi.gridFault, "words");
		await shows(() => page.getByRole("button", { name: "Apply…" }).isDisabled(), true, "apply");
		mock.pagesApi.gridFault = undefined;
		await area.fill(before.replace("160000", "150000"));
		await page.getByRole("button", { name: "Check" }).click();
		await until("good", async () => !(await page.getByRole("button", { name: "Apply…" }).isDisabled()));
		await shows(() => page.locator("[data-diff]").evaluateAll((l) => l.map((x) => x.dataset.diff)), ["gone", "new"], "lines");
		await axe(page, "settings with a change");
		await page.getByRole("button", { name: "Apply…" }).click();
		await page.locator("dialog").getByLabel("Why").fill("new fuse");
		await page.getByRole("button", { name: "Apply", exact: true }).click();
		await until("sent", () => mock.seen.some((r) => r.startsWith("POST /api/v1/grid/text?check=0") && r.includes("why=new%20fuse")));
	});
	await check("as before a change: the older row stands in the editor, unsent", async () => {
		await page.locator("[data-change]").getByRole("button", { name: "As before this" }).click();
		await until("older", async () => (await page.locator("textarea.yaml").inputValue()).includes("limit_w: 200000"));
		await page.getByRole("button", { name: "Start over" }).click();
		await until("in force", async () => (await page.locator("textarea.yaml").inputValue()).includes("limit_w: 160000"));
	});
	await check("the daemon's settings: what differs from its default, then all", async () => {
		await shows(() => page.locator("[data-setting]").count(), 3, "differ");
		await page.getByRole("button", { name: "Only what differs from its default" }).click();
		await shows(async () => (await all(page, "[data-setting='control.replan_s'] > *")), ["control.replan_s", "60", "60", "default"], "default");
		await isSafe(page);
	});
	await looksFew(page, "settings");
	await check("a viewer sees all pages, and what is not for them is off with who may", async () => {
		mock.role = "viewer";
		await page.reload();
		await page.waitForSelector("[data-change]");
		await shows(() => page.getByRole("button", { name: "Check (not as viewer)" }).isDisabled(), true, "check");
		await open(page, "/certificates", "#rollover li");
		await shows(() => page.getByRole("button", { name: /Renew what is due now \(not as viewer\)/ }).isDisabled(), true, "renew");
		mock.role = "admin";
		await page.reload();
		await page.waitForSelector("#rollover li");
	});
}

export async function pageChecks(page, mock) {
	mock.pagesApi.isOn = true;
	await sessionChecks(page, mock);
	await tariffChecks(page, mock);
	await certificateChecks(page, mock);
	await peerChecks(page, mock);
	await settingChecks(page, mock);
	mock.pagesApi.isOn = false;
	await open(page, "/", "#chargers");
}
