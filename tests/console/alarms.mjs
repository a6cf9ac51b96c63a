/* The Alarms page against the fixture. */
import { HOSTILE, overview } from "./fixture.mjs";
import { axe, check, equal, looks, noSideScroll, plain, shows, text, until } from "./kit.mjs";

const all = (page, selector) => page.locator(selector).allInnerTexts().then((l) => l.map(plain));

async function listChecks(page, mock) {
	await check("alarms: what needs someone, the most urgent first, with effect, step and owner", async () => {
		await shows(() => page.locator("[data-alarm]").evaluateAll((r) => r.map((x) => x.dataset.alarm)), ["AL1", "AL2", "AL3"], "order");
		await shows(() => text(page, "h1"), "3 alarms need someone. 1 is urgent.", "sentence");
		await shows(() => all(page, "[data-alarm=AL1] > *"), ["Urgent", "21:37 1 h 3 min", "Limit is broken, Hall A feeder Hall A feeder carries 171 of 160 kW. EVSEs are lowered already. 3 times",
			"Find what grew, other load or what feeds in: EVSEs are lowered already.", "nobody yet", "Take…"], "AL1");
		await shows(async () => (await all(page, "[data-alarm=AL2] .c-who"))[0], "R. Kok, since 22:35 on my way", "who has it");
		await shows(async () => (await all(page, ".tabs .badge.urgent"))[0].startsWith("3"), true, "badge");
		await shows(async () => (await all(page, "[data-aside=AL4]"))[0], "Capacity provider is silent, grid-1. Put aside until 12:40, R. Kok", "aside");
	});
	await check("alarms: the record, with repeats in one line and a filter", async () => {
		await shows(async () => (await all(page, "[data-past=AL6] > *")).slice(0, 4), ["20:10", "22:34", "5 times", "Charger is silent, CP-Y4"], "repeats");
		await page.getByLabel("Filter").fill("cp-y4");
		await until("filtered", async () => (await page.locator("[data-past]").count()) === 1);
		await page.getByLabel("Filter").fill("nothing like it");
		await until("none", async () => (await text(page, "#record")).includes("No alarm has these words."));
		await page.getByLabel("Filter").fill("");
	});
	await looks(page, "alarms-page");
	await check("a new urgent alarm comes by the stream, an old one goes", async () => {
		const next = { ...mock.data.alarms[1], id: "AL9", kind: "grid-lost", subject: "site", since: new Date(mock.now()).toISOString() };
		mock.patch({ alarms_sentence: "3 alarms need someone. 2 are urgent.", alarms: { AL9: next, AL3: { ...mock.data.alarms[0], state: "past" } } });
		await until("two urgent", async () => (await text(page, "h1")) === "3 alarms need someone. 2 are urgent.");
		await shows(() => page.locator("p.vh[role=alert]").innerText(), `Urgent: ${next.text}`, "said aloud, once");
		mock.snapshot();
		await until("back", async () => (await page.locator("[data-alarm=AL9]").count()) === 0);
	});
}

async function actChecks(page, mock) {
	const posts = () => mock.bodies.filter(([r]) => r.includes("/alarms/"));
	await check("take: a dialog says what it does; Esc sends nothing; a double press sends once", async () => {
		await page.locator("[data-alarm=AL1] .c-act button").click();
		await axe(page, "take");
		await shows(async () => (await text(page, "dialog[open]")).includes("Others see that you look after it."), true, "effect");
		await page.keyboard.press("Escape");
		await until("closed", async () => (await page.locator("dialog[aria-labelledby=confirm-h]").count()) === 0);
		equal(posts().length, 0, "sent");
		await page.locator("[data-alarm=AL1] .c-act button").click();
		await page.getByLabel("Note").fill("I go there");
		const open = mock.shut();
		await page.getByRole("button", { name: "Take it" }).dblclick({ noWaitAfter: true });
		open();
		await until("taken", async () => (await all(page, "[data-alarm=AL1] .c-who"))[0]?.startsWith("M. de Wit, since"));
		equal(posts(), [["POST /alarms/AL1/take", { note: "I go there" }]], "once");
		await shows(async () => (await all(page, "[data-alarm=AL1] .c-act"))[0], "You have it.", "mine");
	});
	await check("an alarm's page: runbook, facts, hand over, put aside", async () => {
		await page.evaluate(() => document.querySelector('[data-alarm="AL2"]').focus());
		await page.keyboard.press("Enter");
		await page.waitForSelector("#runbook");
		equal(new URL(page.url()).pathname, "/alarms/AL2", "address");
		await shows(() => page.locator(".runbook li").count(), 3, "steps");
		const { kind } = mock.data.alarms.find((a) => a.id === "AL2");
		await until("title", async () => /^\(\d+\) [^·]+, [^·]+ · Alarms · Rotterdam-Noord · depotd$/.test(await page.title()) && !(await page.title()).includes(kind));
		await looks(page, "alarm");
		await page.getByRole("button", { name: "Hand over…" }).click();
		await shows(() => page.getByRole("button", { name: "Hand it over" }).isDisabled(), true, "to nobody");
		await page.getByLabel("To whom").fill("A. Jansen");
		await page.getByRole("button", { name: "Hand it over" }).click();
		await until("handed", async () => (await text(page, "#facts")).includes("A. Jansen"));
		await page.getByRole("button", { name: "Put aside…" }).click();
		await page.getByLabel("How long").selectOption("12");
		await page.getByRole("button", { name: "Put it aside" }).click();
		await until("aside", async () => (await text(page, "#facts")).includes("Put aside until"));
		const [, body] = posts().at(-1);
		equal(Math.round((Date.parse(body.until) - mock.now()) / 60_000), 720, "12 h from the depot's now");
	});
	await check("a refusal stands in the dialog, which stays", async () => {
		mock.alarmApi.refuses = "the change was not stored: disk full";
		await page.getByRole("button", { name: "Take…" }).click();
		await page.getByRole("button", { name: "Take it" }).click();
		await until("words", async () => (await text(page, "dialog[open]")).includes("the change was not stored: disk full"));
		mock.alarmApi.refuses = undefined;
		await page.keyboard.press("Escape");
	});
}

export async function alarmChecks(page, mock) {
	mock.again();
	await page.locator(".tabs").getByRole("link", { name: "Alarms" }).click();
	await page.waitForSelector("[data-alarm]");
	await page.waitForSelector("[data-past]");
	await listChecks(page, mock);
	await actChecks(page, mock);
	await check("hostile words of an alarm are text, and fit", async () => {
		const [one] = mock.data.alarms;
		mock.patch({ alarms: { [one.id]: { ...one, text: HOSTILE, step: HOSTILE, subject: HOSTILE, kind: HOSTILE, note: HOSTILE, owner: HOSTILE, rank: HOSTILE } } });
		await page.goBack();
		await until("shown", async () => (await text(page, "#alarms")).includes(HOSTILE));
		await shows(() => page.evaluate(() => [window.hacked, document.querySelectorAll("#app img, #app script").length]), [null, 0], "executed");
		for (const width of [1440, 320]) {
			await page.setViewportSize({ width, height: 800 });
			await noSideScroll(page, "hostile alarm");
		}
		await page.setViewportSize({ width: 1440, height: 1000 });
	});
	await check("no alarm: a calm page that says so", async () => {
		mock.data = { ...mock.data, alarms: [], alarms_sentence: "No alarm needs anyone." };
		mock.alarmApi.past = [];
		mock.snapshot();
		await until("calm", async () => (await text(page, "h1")) === "No alarm needs anyone.");
		await shows(() => page.locator(".badge").count(), 0, "badge");
		mock.data = overview();
		mock.snapshot();
	});
}
