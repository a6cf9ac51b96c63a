/* The Energy page against the fixture: chart, tree, limits of others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { check, equal, plain, SCREENS, text, until } from "./kit.mjs";

export async function energyChecks(page, mock) {
	await page.locator(".tabs").getByRole("link", { name: "Energy" }).click();
	await page.waitForSelector("svg.chart");
	await check("tree: load, limit, used, owner, measured by", async () => {
		const cells = await page.locator("[data-node=hall-a] > *").allInnerTexts();
		equal(cells.slice(0, 7).map(plain), ["Hall A feeder holds back 2 vans", "", "160 of 160 kW", "100 %", "Rating", "vans 74, may draw 118 kW", "Hall A meter"], "hall-a");
		equal(plain(await text(page, "[data-node=building] .c-by")), "last value held", "building");
	});
	await check("chart: gap hatched, limit labelled, table has the same", async () => {
		const label = await page.locator("svg.chart").getAttribute("aria-label");
		if (!/Limit 250 kW, Rating\./.test(plain(label))) throw new Error(label);
		equal(await page.locator("svg.chart").getByText("no data").count(), 1, "gaps");
		equal(await page.locator("svg.chart").getByText("Rating 250").count(), 1, "owner at the limit");
		await page.keyboard.press("t");
		equal(await page.locator("#power tbody tr").count(), 24, "rows");
		equal((await page.locator("#power tbody").innerText()).includes("unknown"), true, "the gap in the table");
		const [file] = await Promise.all([page.waitForEvent("download"), page.getByText("Save CSV").click()]);
		const csv = readFileSync(await file.path(), "utf8").split("\r\n");
		equal(csv[0], "time_utc,site_w,vans_w,building_w,limit_w", "CSV head");
		if (csv.length < 300) throw new Error(`CSV has ${csv.length} lines`);
		await page.keyboard.press("t");
		await page.waitForSelector("svg.chart");
	});
	await check("the chart reads out under the pointer", async () => {
		const box = await page.locator("svg.chart").boundingBox();
		await page.mouse.move(box.x + box.width * 0.9, box.y + 100);
		await until("readout", async () => /site .* kW, vans .*limit 250/.test(plain(await text(page, "#power .cap"))));
		await page.mouse.move(0, 0);
	});
	await check("hours shown can be changed, and the server is asked for that", async () => {
		await page.getByRole("button", { name: "24 h" }).click();
		await until("request", () => mock.seen.some((r) => r.includes("/power") && r.endsWith("step=300")));
		await page.getByRole("button", { name: "6 h" }).click();
	});
	await check("a node over its limit says by how much", async () => {
		const node = { ...mock.data.tree.nodes[3], load_w: 171_000 };
		mock.patch({ nodes: { "hall-b": node } });
		await until("tag", async () => plain(await text(page, "[data-node=hall-b] .c-name")) === "Hall B feeder 11 kW over");
		mock.patch({ nodes: { "hall-b": mock.data.tree.nodes[3] } });
	});
	await check("a panel's error stays in the panel", async () => {
		mock.powerStatus = 503;
		await page.getByRole("button", { name: "1 h" }).click();
		await until("error", async () => (await text(page, "#power")).includes("The series store is busy"));
		await page.screenshot({ path: join(SCREENS, "panel-error.png") });
		mock.powerStatus = 200;
		await page.getByRole("button", { name: "6 h" }).click();
		await until("gone", async () => !(await text(page, "#power")).includes("The past did not load"));
	});
	await check("silence of a meter: its values look old and say so", async () => {
		await until("stale", async () => (await page.locator("[data-node=hall-a] .c-load .stale").count()) === 1, 20_000);
		equal(await page.locator("[data-node=hall-a] .bar-fill.old").count(), 1, "bar");
		equal(await page.locator("[data-node=hall-b] .c-load .stale").count(), 0, "a sum of EVSEs is not old yet");
		await page.screenshot({ path: join(SCREENS, "stale.png") });
		await page.screenshot({ path: join(SCREENS, "stale-page.png"), fullPage: true });
	});
}
