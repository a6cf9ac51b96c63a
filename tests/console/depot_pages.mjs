/*
 * Pages beyond the night against a running depotd: the sentences are the API's and depotctl's, and what
 * the forms send is done.
 */
import { axe, check, equal, plain, shows, text, until } from "./kit.mjs";

const api = (page, path) => page.evaluate((p) => fetch(`/api/v1${p}`).then((r) => r.json()), path);

const TARIFF = { id: "flat", name: "Flat", currency: "EUR", import: [{ id: "energy", price: 0.3 }] };

async function sessions(page, depot) {
	await page.goto(`${depot.base}/sessions`);
	await page.waitForSelector("[data-session]");
	await check("a session: its sentence is the API's and depotctl's; power, what it was told and meter values are there", async () => {
		await shows(async () => (await text(page, "h1")) === (await api(page, "/transactions")).sentence, true, "list");
		const [t] = (await api(page, "/transactions")).transactions;
		await page.locator("[data-session] a").first().click();
		await page.waitForSelector("#course svg");
		equal(new URL(page.url()).pathname, `/sessions/${t.station}/${t.id}`, "address");
		await until("depotctl", async () => {
			const { sentence } = await api(page, `/transactions/${t.station}/${t.id}/course`);
			return depot.ctl("session", t.station, t.id).startsWith(`${sentence}\n`);
		});
		await page.waitForSelector("[data-told]");
		await page.waitForSelector("[data-value]");
		await page.waitForSelector("[data-event]");
		await axe(page, "session");
	});
}

async function tariffs(page, depot) {
	await page.goto(`${depot.base}/tariffs/new`);
	await page.waitForSelector(".week [data-day]");
	await check("a tariff: depotd refuses periods that overlap, and takes one that holds together", async () => {
		await page.locator("[data-period=night]").getByLabel("Hours").fill("21:00-06:00");
		await page.keyboard.press("Tab");
		await until("refused", async () => /"day" and "night" overlap/.test(await text(page, "[data-fault]").catch(() => "")));
		await page.locator("[data-period=night]").getByLabel("Hours").fill("22:00-06:00");
		await page.getByLabel("Id", { exact: true }).fill("console");
		await page.keyboard.press("Tab");
		await until("good", async () => (await page.locator("[data-fault]").count()) === 0 && (await page.locator(".week [data-day]").count()) === 7);
		await page.getByRole("button", { name: "Save", exact: true }).click();
		await page.locator("dialog").getByRole("button", { name: "Save" }).click();
		await until("in force", async () => (await api(page, "/tariffs")).tariffs.some((t) => t.id === "console" && t.in_force));
		await page.goto(`${depot.base}/tariffs`);
		await page.waitForSelector("[data-tariff=console]");
		await shows(async () => depot.ctl("tariff").startsWith(`${await text(page, "h1")}\n`), true, "sentence");
		equal((await depot.api("PUT", "/tariffs/flat", TARIFF)).status, 200, "another");
	});
}

async function trust(page, depot) {
	await page.goto(`${depot.base}/certificates`);
	await page.waitForSelector("[data-certificate]");
	await check("certificates and grid operators: the same words by API and depotctl; every certificate is a row", async () => {
		const c = await api(page, "/certificate-calendar");
		await shows(() => page.locator("[data-certificate]").count(), c.entries.length, "rows");
		await shows(async () => depot.ctl("ca", "calendar").startsWith(`${await text(page, "h1")}\n`), true, "calendar");
		await page.goto(`${depot.base}/grid-peers`);
		await page.waitForSelector("#peer-dso");
		await shows(async () => depot.ctl("oscp").startsWith(`${await text(page, "h1")}\n`), true, "peers");
		await page.getByRole("button", { name: "Register…" }).click();
		await page.getByRole("button", { name: "Register", exact: true }).click();
		await page.waitForSelector("dialog code");
		await page.getByRole("button", { name: "OK" }).click();
		await until("offered", async () => (await api(page, "/oscp/peers")).peers[0].state === "offered");
	});
}

async function settings(page, depot) {
	await page.goto(`${depot.base}/settings`);
	await page.waitForSelector("textarea.yaml");
	await check("the tree: a wrong line is named, a right one is in force at once, and taken back by its history", async () => {
		const area = page.locator("textarea.yaml");
		const before = await area.inputValue();
		const limit = async () => (await api(page, "/grid")).nodes.find((n) => n.id === "hall").limit_w;
		await area.fill(before.replace("limit_w: 30000", "limit_w: -1"));
		await page.getByRole("button", { name: "Check" }).click();
		await until("refused", async () => /^line:4: nodes\[2\]\.limit_w: /.test(await text(page, "[data-fault]").catch(() => "")));
		equal(await limit(), 30_000, "nothing changed");
		await area.fill(before.replace("limit_w: 30000", "limit_w: 29000"));
		await page.getByRole("button", { name: "Check" }).click();
		await page.getByRole("button", { name: "Apply…" }).click();
		await page.locator("dialog").getByLabel("Why").fill("smaller fuse");
		await page.getByRole("button", { name: "Apply", exact: true }).click();
		await until("in force", async () => (await limit()) === 29_000);
		await until("history", async () => plain(await text(page, "[data-change]").catch(() => "")).includes("smaller fuse"));
		await shows(() => text(page, "h1"), "1 row differs from the depot's file.", "sentence");
		await page.getByRole("button", { name: "As before this" }).click();
		await page.getByRole("button", { name: "Check" }).click();
		await page.getByRole("button", { name: "Apply…" }).click();
		await page.getByRole("button", { name: "Apply", exact: true }).click();
		await until("back", async () => (await limit()) === 30_000);
		await shows(() => area.inputValue(), before, "the same text");
	});
}

/* The heading of a page is what depotctl prints above its list. */
async function sameWords(page, depot) {
	await check("energy, meters, alarms, users, audit, wire log: the same words by API and depotctl", async () => {
		for (const [path, asked, ...words] of [["/energy", "/tree", "tree"], ["/meters", "/meters", "meters"], ["/alarms", "/alarms", "alarms"], ["/users", "/users", "user", "list"], ["/audit", "/audit?limit=100", "audit", "list"],
			["/wire?station=CP-W", "/wire?station=CP-W&pairs=1&limit=100", "wire", "--pairs", "--station", "CP-W"]]) {
			await page.goto(`${depot.base}${path}`);
			await until(`${path}: the heading is the API's`, async () => (await text(page, "h1")) === (await api(page, asked)).sentence);
			await until(`${path}: depotctl's too`, async () => {
				await page.reload();
				await page.waitForSelector(".say .sub");
				return depot.ctl(...words).startsWith(`${await text(page, "h1")}\n`);
			});
		}
	});
}

export async function depotPages(page, depot) {
	await sessions(page, depot);
	await tariffs(page, depot);
	await trust(page, depot);
	await settings(page, depot);
	await sameWords(page, depot);
}
