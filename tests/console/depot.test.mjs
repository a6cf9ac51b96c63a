/*
 * The console in a real browser against a running depotd with depotsim behind it: what the pages show
 * is what the API says, and what they send is done.
 */
import { mkdirSync } from "node:fs";
import { chromiumPath, launch } from "./browser.mjs";
import { Depot } from "./depot.mjs";
import { check, count, equal, looks, openPage, plain, SCREENS, text, until } from "./kit.mjs";

const api = (page, path) => page.evaluate((p) => fetch(`/api/v1${p}`).then((r) => r.json()), path);
const watts = (kw) => Number(kw.replace("−", "-").replace(/[^\d.-]/g, "")) * 1000;

async function meterPages(page, depot) {
	await page.goto(`${depot.base}/meters`);
	await page.waitForSelector("#meters [data-meter]");
	await check("meters are those of the API, in the order of the tree", async () => {
		const ids = await page.locator("#meters [data-meter]").evaluateAll((r) => r.map((x) => x.dataset.meter));
		equal(ids, ["main", "yard", "hall", "roof"], "order");
		equal(plain(await text(page, "[data-meter=roof] .c-state")).startsWith("No answer"), true, "the dead one");
		await until("values", async () => {
			const { meters } = await api(page, "/meters");
			const hall = meters.find((m) => m.id === "hall").power_w;
			return Math.abs(watts(await text(page, "[data-meter=hall] .c-load b")) - hall) < 500;
		});
	});
	await check("raw registers of a meter stand beside their values, and move", async () => {
		await page.locator("[data-meter=hall] a").click();
		await page.waitForSelector("#registers tbody tr");
		const { rows } = await api(page, "/meters/hall/registers");
		equal(await page.locator("#registers tbody tr").count(), rows.length, "rows");
		const words = () => text(page, '[data-register="52"] .c-words');
		const before = await words();
		await until("another value", async () => (await words()) !== before, 20_000);
	});
	await check("identify asks the unit anew, and names the family", async () => {
		await page.getByRole("button", { name: "Identify" }).click();
		await page.waitForSelector('#identify [data-scan="done"]', { timeout: 30_000 });
		equal((await text(page, "#identify")).includes("eastron-sdm630"), true, "family");
	});
	await page.goto(`${depot.base}/meters`);
	await check("a scan goes by with progress and finds the unit", async () => {
		await page.getByLabel("Address of the gateway").fill("127.0.0.1");
		await page.getByLabel("Port").fill(String(depot.ports[1]));
		await page.getByLabel("To unit").fill("3");
		await page.getByRole("button", { name: "Scan", exact: true }).click();
		await page.waitForSelector('#scan [data-unit="1"]', { timeout: 30_000 });
		await page.waitForSelector('#scan [data-scan="done"]', { timeout: 30_000 });
	});
	await check("an address that must not be scanned is refused in the server's words", async () => {
		await page.getByLabel("Address of the gateway").fill("8.8.8.8");
		await page.getByRole("button", { name: "Scan", exact: true }).click();
		await until("words", async () => /private/.test(await text(page, "#scan .failure")));
	});
	await check("the commissioning walk runs with consent and finds the wrong ratio", async () => {
		await until("a van that charges", async () => (await page.locator("#walk select option").count()) === 1, 60_000);
		await page.getByLabel(/Somebody agreed that VAN 01/).check();
		await until("the walk", async () => {
			if (await page.locator('[data-walk="high"], [data-walk="low"]').count()) return true;
			await page.getByRole("button", { name: "Start the walk" }).click({ timeout: 2000 }).catch(() => {});
			return false;
		}, 60_000);
		await page.waitForSelector('[data-walk="done"]', { timeout: 90_000 });
		equal((await text(page, "[data-walked=yard]")).includes("wrong ratio"), true, "yard");
		equal((await text(page, "[data-walked=main]")).includes("as it should be"), true, "main");
	});
	await looks(page, "depot-meters");
	await page.goto(`${depot.base}/meters/yard`);
	await page.waitForSelector("#registers tbody tr");
	await looks(page, "depot-meter");
}

async function main() {
	if (!chromiumPath()) throw new Error("no Chromium found; apt-get install chromium, or name one in CHROMIUM");
	mkdirSync(SCREENS, { recursive: true });
	const depot = new Depot();
	const browser = await launch();
	try {
		await depot.start();
		const { page, bad } = await openPage(browser.context, depot.base);
		await page.goto(depot.link());
		await page.waitForSelector(".say h1");
		await meterPages(page, depot);
		await check("no request to another host, no CSP report, no error", async () => {
			equal(bad.filter((b) => !/40[14]/.test(b)), [], depot.base);
		});
	} finally {
		await browser.close();
		await depot.stop();
	}
}

await main().catch((error) => {
	count.failed += 1;
	console.log(`  FAIL  ${error?.stack ?? error}`);
});
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed ? 1 : 0);
