/* Search and keys, the open demand window in the strip, other days of the chart. */
import { join } from "node:path";
import { axe, check, equal, noSideScroll, pass, plain, SCREENS, shows, text, until } from "./kit.mjs";

const press = async (page, keys) => {
	for (const key of keys) await page.keyboard.press(key);
};
const picked = (page) => page.locator('.search [aria-selected="true"]').getAttribute("data-hit");
const at = (page) => new URL(page.url()).pathname + new URL(page.url()).search;

async function searchChecks(page) {
	await check("search: / opens it, arrows choose, Enter goes to the van", async () => {
		await press(page, ["/"]);
		await page.waitForSelector(".search input");
		await page.keyboard.type("van 0");
		await until("hits", async () => (await page.locator("[data-hit]").count()) === 8);
		const first = await picked(page);
		await press(page, ["ArrowDown"]);
		const second = await picked(page);
		equal(first !== second && second.startsWith("van "), true, `${first} ${second}`);
		await press(page, ["ArrowUp"]);
		equal(await picked(page), first, "back");
		await page.screenshot({ path: join(SCREENS, "search-1440.png") });
		await axe(page, "search");
		await page.locator(".search input").fill("VAN-05");
		await until("the van", async () => (await picked(page)) === "van VAN-05");
		await press(page, ["Enter"]);
		await until("there", () => at(page) === "/vehicles/VAN-05");
		await shows(() => page.locator(".search").count(), 0, "closed");
	});
	await check("search: an EVSE, a point of the tree with the focus on its row, a session, a user, a page; Esc closes", async () => {
		const goTo = async (words, hit) => {
			await press(page, ["/"]);
			await page.locator(".search input").fill(words);
			await until(hit, async () => (await page.locator(`[data-hit="${hit}"]`).count()) === 1);
			await page.locator(`[data-hit="${hit}"]`).click();
		};
		await goTo("cp a3/2", "evse CP-A3/2");
		await until("charger", () => at(page) === "/chargers/CP-A3");
		await goTo("hall a", "node hall-a");
		await until("its row", () => page.evaluate(() => document.activeElement.dataset.node === "hall-a"));
		await goTo("8f2a-1", "session 8f2a-1");
		await until("session", () => at(page) === "/sessions/CP-A3/8f2a-1");
		await goTo("anna", "user anna");
		await until("its row", () => page.evaluate(() => document.activeElement.dataset.user === "anna"));
		await goTo("tariffs", "page /tariffs");
		await until("page", () => at(page) === "/tariffs");
		await press(page, ["/"]);
		await page.locator(".search input").fill("<b>nobody</b>");
		await until("nothing", async () => plain(await text(page, ".search [role=status]")) === "Nothing here is called “<b>nobody</b>”.");
		await press(page, ["Escape"]);
		await shows(() => page.locator(".search").count(), 0, "closed");
	});
	await check("search: a button for a thumb on the phone, and it fits there", async () => {
		await page.setViewportSize({ width: 390, height: 844 });
		await page.locator(".find").click();
		await page.locator(".search input").fill("hall");
		await page.waitForSelector("[data-hit]");
		const box = await page.locator("[data-hit]").first().boundingBox();
		equal(box.height >= 48, true, "height");
		await noSideScroll(page, "search");
		await page.screenshot({ path: join(SCREENS, "search-390.png") });
		await press(page, ["Escape"]);
		await page.setViewportSize({ width: 1440, height: 1000 });
	});
}

/* Each note of a tone is counted where the browser would play it. */
async function soundChecks(page, mock) {
	await check("sound: off at first; switched on it sounds, for a new urgent alarm once, and after five minutes again unless taken", async () => {
		await page.evaluate(() => {
			window.notes = 0;
			const start = OscillatorNode.prototype.start;
			OscillatorNode.prototype.start = function (...at) {
				window.notes += 1;
				return start.apply(this, at);
			};
		});
		const notes = () => page.evaluate(() => window.notes);
		const first = mock.data.alarms.find((a) => a.rank === "urgent");
		const raise = (id, more) => {
			const alarm = { ...first, id, owner: undefined, state: "active", ...more };
			mock.data = { ...mock.data, alarms: [...mock.data.alarms.filter((a) => a.id !== id), alarm] };
			mock.patch({ alarms: { [id]: alarm } });
		};
		const seen = (n) => until(`${n} alarms`, async () => (await page.locator(".tabs .badge [aria-hidden]").innerText()) === String(n));
		raise("U1");
		await seen(4);
		equal(await notes(), 0, "off");
		await page.locator(".menu.user summary").click();
		await page.getByLabel("Sound for a new urgent alarm").check();
		await until("it sounds at once", async () => (await notes()) === 2);
		await press(page, ["Escape"]);
		raise("U2");
		await until("a new one", async () => (await notes()) === 4);
		raise("U2", { text: "the same, said anew" });
		await page.waitForTimeout(300);
		equal(await notes(), 4, "not anew for the same one");
		for (const id of ["U1", first.id]) raise(id, { state: "past" });
		await seen(3);
		await pass(page, 299_000, mock);
		await page.waitForTimeout(1500);
		equal(await notes(), 4, "not yet");
		await pass(page, 2000, mock);
		await until("again", async () => (await notes()) === 6);
		await until("again", async () => (await notes()) === 6);
		raise("U2", { owner: "user:anna" });
		raise("A9", { rank: "tonight" });
		await seen(4);
		await pass(page, 301_000, mock);
		await page.waitForTimeout(1500);
		equal(await notes(), 6, "taken");
	});
	await check("sound: it is kept; a browser that plays nothing yet says so, and a press wakes it", async () => {
		await page.reload();
		await page.waitForSelector("#vans");
		await until("said", async () => (await page.locator(".mute").count()) === 1);
		await axe(page, "mute");
		await page.locator(".mute").click();
		await until("awake", async () => (await page.locator(".mute").count()) === 0);
		await page.locator(".menu.user summary").click();
		await page.getByLabel("Sound for a new urgent alarm").uncheck();
		await press(page, ["Escape"]);
	});
}

async function bayChecks(page, mock) {
	await check("a bay: a asks for one of the van that needs someone most, free ones first, and says what it does before it is sent", async () => {
		await press(page, ["a"]);
		const dialog = page.locator("dialog[open]");
		await dialog.getByLabel("Bay").waitFor();
		equal(plain(await text(page, "dialog[open] h2")), "Give VAN 16 a bay", "title");
		const options = (await dialog.locator("option").allInnerTexts()).map(plain);
		equal(options.slice(1, 4).every((o) => o.endsWith("free")), true, options.slice(0, 5).join(" | "));
		await dialog.getByLabel("Bay").selectOption("CP-B4/1");
		await until("effect", async () => plain(await text(page, "[data-effect]")).includes("the plan expects VAN 16 at CP-B4/1"));
		await page.screenshot({ path: join(SCREENS, "assign-1440.png") });
		await axe(page, "assign");
		await page.setViewportSize({ width: 390, height: 844 });
		await noSideScroll(page, "assign");
		await page.setViewportSize({ width: 1440, height: 1000 });
		await dialog.getByRole("button", { name: "Assign bay CP-B4/1" }).click();
		await until("sent", () => mock.bodies.some(([r, b]) => r === "PUT /vehicles/VAN-16" && b.bay === "CP-B4/1" && b.id === "VAN-16"));
		await shows(() => page.locator("dialog[open]").count(), 0, "closed");
	});
}

export async function keyChecks(page, mock) {
	mock.again();
	mock.pagesApi.isOn = true;
	await press(page, ["g", "t"]);
	await page.waitForSelector("#needs [data-van]");
	await bayChecks(page, mock);
	await soundChecks(page, mock);
	mock.again();
	await searchChecks(page);
	await press(page, ["g", "t"]);
	await page.waitForSelector("#needs [data-van]");
	await check("keys: w says why, of the van that needs someone most, and of the EVSE that has the focus", async () => {
		await press(page, ["w"]);
		await until("its plan", () => at(page) === "/plan/VAN-16");
		await press(page, ["g", "t"]);
		await page.waitForSelector('[data-evse="CP-A3/1"]');
		await page.locator('[data-evse="CP-A3/1"]').focus();
		await press(page, ["w"]);
		await until("its van's", () => at(page) === "/plan/VAN-05");
	});
	await check("keys: ↓ and ↑ go on from a row, a asks for its main action", async () => {
		await press(page, ["g", "a"]);
		await page.waitForSelector("[data-alarm]");
		await page.locator("[data-alarm]").first().focus();
		const first = await page.evaluate(() => document.activeElement.dataset.alarm);
		await press(page, ["ArrowDown"]);
		equal(await page.evaluate((id) => document.activeElement.dataset.alarm !== id, first), true, "next");
		await press(page, ["ArrowUp", "a"]);
		await shows(() => page.locator("dialog[open]").count(), 1, "it asks");
		await press(page, ["Escape"]);
		equal(mock.bodies.length, 0, "nothing was sent");
	});
	await check("keys: [ and ] show the chart a day back and today's again", async () => {
		await press(page, ["g", "e"]);
		await page.waitForSelector("#power .chart");
		const caption = async () => plain(await text(page, "#power .cap"));
		const today = await caption();
		await press(page, ["["]);
		await until("yesterday", async () => /Tue 10 Mar/.test(await caption()));
		await shows(() => page.locator("#power .now-text").count(), 0, "no now in the past");
		await press(page, ["]"]);
		await until("today", async () => (await caption()) === today);
	});
	await check("? lists them all", async () => {
		await press(page, ["?"]);
		const keys = (await page.locator("dialog[open] kbd").allInnerTexts()).join(" ");
		for (const key of ["w", "a", "[, ]", "/", "j, k, ↑ ↓"]) equal(keys.includes(key), true, key);
		await page.screenshot({ path: join(SCREENS, "keys.png") });
		await press(page, ["Escape"]);
	});
	await check("the strip has the open demand window: where it ends, its target, what is left, what the guard does", async () => {
		await until("words", async () => plain(await text(page, "[data-pulse=window]")) === "22:30–22:45 on course for 238 of 250 kW, 4 min left");
		equal(plain(await page.locator("[data-pulse=window]").getAttribute("title")), "Mean so far 214 kW. The guard allows 268 kW until the end of the window.", "title");
		await press(page, ["g", "t"]);
		await page.waitForSelector("#vans");
		await page.locator("[data-pulse=window]").click();
		await until("its panel", () => page.evaluate(() => document.activeElement.id === "demand-site-h"));
	});
	mock.pagesApi.isOn = false;
}
