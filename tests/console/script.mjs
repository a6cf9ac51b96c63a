/*
 * Markup and script in every string that the console shows: the stand-in server puts it behind each text
 * of each answer, whatever it stands for, and every page is opened. What comes from stations, vehicles,
 * meters and grid operators is theirs to choose; on the page it is text, and nothing of it runs.
 */
import { HOSTILE } from "./fixture.mjs";
import { readFileSync } from "node:fs";
import { claims } from "../e2e/matrix.mjs";
import { check, equal, openPage, until } from "./kit.mjs";
import { CODE, MockServer } from "./mock-server.mjs";

const isTime = (s) => /^\d{4}-\d\d-\d\dT/.test(s);

/* Behind all texts but times and what the page finds its rows by. */
function soil(value, key) {
	if (typeof value === "string") return isTime(value) || key === "id" || key === "csrf" ? value : value + HOSTILE;
	if (Array.isArray(value)) return value.map((v) => soil(v, key));
	if (value === null || typeof value !== "object") return value;
	return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, k === "may" ? v : soil(v, k)]));
}

/* An element that only the text could have made, or that it ran. */
const harm = (page) => page.evaluate(() => [window.hacked ?? "", document.querySelectorAll("img[onerror], script:not([src])").length]);

export async function scriptChecks(context, root) {
	const mock = new MockServer(root);
	const base = await mock.listen();
	await context.clearCookies();
	const { page, bad } = await openPage(context, base);
	await page.setViewportSize({ width: 1440, height: 1000 });
	await page.goto(`${base}/#code=${CODE}`);
	await page.waitForSelector(".tabs a");
	const ways = await page.locator(".tabs a, #chargers a[href], #vans a[href]").evaluateAll((all) => [...new Set(all.map((a) => a.getAttribute("href")))]);
	const pages = [...readFileSync("csms/console/src/router.ts", "utf8").matchAll(/\{ path: "([^"]+)"/g)].map((m) => m[1]);
	const kinds = new Map([...pages, ...ways].filter((w) => w.startsWith("/")).map((w) => [w.replace(/[A-Z]+-\w+/g, "ID"), w]));
	mock.change = soil;
	await check(`script in every string of every answer is text, on ${kinds.size} pages`, async () => {
		if (pages.length < 10) throw new Error(`only ${[...kinds.keys()]}`);
		for (const [kind, way] of kinds) {
			await page.goto(base + way);
			await until(`${kind} shows it`, async () => (await page.locator("body").innerText()).includes("<script>"));
			await page.waitForTimeout(300);
			equal(await harm(page), ["", 0], kind);
		}
		equal(bad.filter((b) => /CSP|foreign/.test(b)), [], "reports");
		const ours = claims("tests/console/script.mjs");
		ours.prove("markup and script in every string that the console shows", "shown as text");
		equal(ours.rest(), [], "all that the matrix claims of script was tried");
	});
	await page.close();
	await mock.stop();
}
