/* Tonight on a wall against the fixture. */
import { join } from "node:path";
import { overview } from "./fixture.mjs";
import { axe, check, equal, plain, SCREENS, shows, text, until } from "./kit.mjs";

const FITS = [true, true, true, true, true, true];
const fits = (page) => page.evaluate(() => {
	const rows = [...document.querySelectorAll("[data-wall-van]")].map((r) => r.getBoundingClientRect().bottom);
	const foot = document.querySelector(".w-foot").getBoundingClientRect();
	/* Who leaves next is seen whole, and each time and state of the board. */
	const next = document.querySelector(".w-next");
	const isCut = (e) => e.scrollWidth > e.clientWidth + 1;
	const cut = [...document.querySelectorAll(".w-time, [data-wall-van] td:last-child")].filter(isCut).map((e) => e.innerText);
	const isNextSeen = !next || next.getBoundingClientRect().bottom <= next.parentElement.getBoundingClientRect().bottom + 1;
	return [isNextSeen, cut.length === 0, document.documentElement.scrollHeight <= innerHeight, document.documentElement.scrollWidth <= innerWidth, Math.max(...rows) <= foot.top, foot.bottom <= innerHeight + 1];
});

export async function wallChecks(page, mock) {
	mock.again();
	await page.setViewportSize({ width: 1920, height: 1080 });
	const base = new URL(page.url()).origin;
	await page.goto(`${base}/wall`);
	await page.waitForSelector("[data-wall-van]");
	await check("wall: clock, sentence, what needs somebody, all vans by departure, dark, nothing to press", async () => {
		await shows(() => text(page, "h1"), mock.data.sentence, "sentence");
		await shows(() => text(page, ".w-clock"), "22:40", "clock");
		await shows(() => page.locator("[data-wall-card]").evaluateAll((l) => l.map((x) => x.dataset.wallCard)), ["VAN-16", "VAN-07", "VAN-19"], "cards");
		await shows(() => page.locator("[data-wall-van]").count(), 20, "rows");
		await until("the next departure", async () => plain(await text(page, ".w-next")).startsWith("Next out 05:30, in 6 h 49 min: VAN 01 Waits, VAN 02 Charging"));
		await until("foot", async () => plain(await text(page, ".w-foot")).startsWith("Site 246 of 250 kW"));
		await shows(() => page.evaluate(() => document.documentElement.dataset.theme), "dark", "theme");
		equal(await page.locator("button, nav, input").count(), 0, "controls");
	});
	for (const [width, height] of [[1920, 1080], [1366, 768], [1280, 720], [3840, 2160]]) {
		await check(`wall: ${width} × ${height} holds all of it`, async () => {
			await page.setViewportSize({ width, height });
			await shows(() => fits(page), FITS, "fits");
			await page.screenshot({ path: join(SCREENS, `wall-${width}.png`) });
		});
	}
	await check("wall: longer words of German fit too", async () => {
		await page.setViewportSize({ width: 1280, height: 720 });
		await page.evaluate(() => localStorage.setItem("depotd.language", "de"));
		await page.reload();
		await until("German", async () => plain(await text(page, ".w-next")).startsWith("Nächste Abfahrt"));
		await shows(() => fits(page), FITS, "fits");
		await page.screenshot({ path: join(SCREENS, "wall-de-1280.png") });
		await page.evaluate(() => localStorage.removeItem("depotd.language"));
		await page.reload();
		await page.waitForSelector("[data-wall-van]");
	});
	await page.setViewportSize({ width: 1920, height: 1080 });
	await check("wall: nothing serious by axe, in light too", async () => {
		await axe(page, "wall");
		await page.goto(`${base}/wall?theme=light`);
		await page.waitForSelector("[data-wall-van]");
		await axe(page, "wall light");
		await page.screenshot({ path: join(SCREENS, "wall-light.png") });
	});
	await check("wall: of many vans those that need somebody stay, on a page of the others", async () => {
		const data = overview(mock.now());
		data.vehicles = Array.from({ length: 60 }, (_, i) => ({ ...data.vehicles[i % 20], id: `W-${i}`, ...(i % 20 > 6 && { state: "ready" }) }));
		mock.data = data;
		mock.snapshot();
		await until("a page", async () => (await page.locator("[data-wall-van]").count()) <= 22 && /^Page 1 of \d+$/.test(plain(await text(page, ".w-page"))));
		await shows(() => fits(page), FITS, "fits");
		mock.data = overview();
		mock.snapshot();
		await until("all", async () => (await page.locator("[data-wall-van]").count()) === 20);
	});
	await page.setViewportSize({ width: 1440, height: 1000 });
	await page.goto(base);
	await page.waitForSelector("#vans");
	await check("in German the page asks for German sentences, by the stream and the API", async () => {
		await page.locator(".menu.user summary").click();
		await page.getByLabel("Deutsch").check();
		await until("asked", () => mock.languages.get("/api/v1/stream") === "de");
		await shows(() => page.evaluate(() => document.documentElement.lang), "de", "page");
		await page.evaluate(() => localStorage.setItem("depotd.language", "en"));
		await page.reload();
		await until("back", () => mock.languages.get("/api/v1/stream") === "en");
		await page.waitForSelector("#vans");
	});
}
