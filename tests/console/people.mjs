/* Users, Audit and the sign-in page against a running depotd: what is pressed is done, secrets are shown once. */
import { createHmac } from "node:crypto";
import { check, equal, looks, openPage, plain, shows, text, until } from "./kit.mjs";

const SECRET = "correct horse battery";

/* The code of a secret in base32 at a time (RFC 6238). */
function totp(secret, ms) {
	const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(ms / 30_000)));
	const mac = createHmac("sha1", Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(counter).digest();
	return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const dialog = (page) => page.locator("dialog[open]");

async function userPage(page, depot) {
	await page.goto(`${depot.base}/users`);
	await page.waitForSelector("#people");
	await check("a user is added with a role that holds below one node", async () => {
		await page.getByRole("button", { name: "Add a user…" }).click();
		await dialog(page).getByLabel("Name").fill("Anna <b>Vos");
		await dialog(page).getByLabel("Role").selectOption("dispatcher");
		await dialog(page).getByLabel("Yard feeder").check();
		await page.screenshot({ path: `${process.env.BUILD ?? "build"}/screens/people-add.png` });
		await dialog(page).getByRole("button", { name: "Save" }).click();
		await page.waitForSelector("[data-user]");
		equal(plain(await text(page, "[data-user] th")), "Anna <b>Vos", "hostile text is text");
		const { users } = (await depot.api("GET", "/users")).json;
		equal([users[0].role, users[0].nodes], ["dispatcher", ["yard"]], "as depotd has it");
		await shows(() => text(page, ".say h1"), "1 person may sign in.", "sentence");
	});
	let link;
	await check("a link is shown once", async () => {
		await page.getByRole("button", { name: "New link…" }).click();
		await dialog(page).getByRole("button", { name: "Make the link" }).click();
		await page.waitForSelector("dialog[open] .secret");
		link = await text(page, "dialog[open] .secret");
		equal(await page.locator("dialog[open] svg.qr").getAttribute("aria-label"), "QR code of the link", "for a phone");
		await dialog(page).getByRole("button", { name: "Close" }).click();
		equal(await page.locator(".secret").count(), 0, "gone");
		if (!link.startsWith(depot.base)) throw new Error(link);
	});
	await check("an API token below a node: shown once, listed with its last use, revoked", async () => {
		await page.getByRole("button", { name: "Make a token…" }).click();
		await dialog(page).getByLabel("Name").fill("board");
		await dialog(page).getByLabel("Yard feeder").check();
		await dialog(page).getByRole("button", { name: "Make an API token" }).click();
		await page.waitForSelector("dialog[open] .secret");
		const token = await text(page, "dialog[open] .secret");
		await dialog(page).getByRole("button", { name: "Close" }).click();
		equal((await depot.depotd.https("GET", "/stations", undefined, { authorization: `Bearer ${token}` })).status, 200, "it works");
		await page.reload();
		await until("its use", async () => /from 127\.0\.0\.1/.test(await text(page, "[data-token]")));
	});
	await looks(page, "people");
	await check("revoked", async () => {
		await page.getByRole("button", { name: "Revoke…" }).click();
		await dialog(page).getByRole("button", { name: "Revoke it" }).click();
		await until("none", async () => (await page.locator("[data-token]").count()) === 0);
	});
	return link;
}

/* A display of its own, which knows nothing but its address. */
async function wallDisplay(browser, page, depot) {
	const make = async (name) => {
		await page.getByRole("button", { name: "Wall display…" }).click();
		await dialog(page).getByLabel("Name").fill(name);
		await dialog(page).getByRole("button", { name: "Make an address" }).click();
		await page.waitForSelector("dialog[open] .secret");
		const address = await text(page, "dialog[open] .secret");
		await page.screenshot({ path: `${process.env.BUILD ?? "build"}/screens/people-wall.png` });
		await dialog(page).getByRole("button", { name: "Close" }).click();
		return address;
	};
	const context = await browser.context.browser().newContext({ ignoreHTTPSErrors: true });
	const { page: wall, bad } = await openPage(context, depot.base);
	let address = "";
	try {
		await check("wall display: its address shows Tonight, without a session, after a new load too", async () => {
			address = await make("Hall wall");
			for (const go of [() => wall.goto(address), () => wall.reload()]) {
				await go();
				await wall.waitForSelector("[data-wall-van]");
			}
			equal([(await context.cookies()).length, wall.url()], [0, address], "no cookie; the address stays");
			equal(bad, [], "reports");
		});
		const token = address.split("#token=")[1];
		const ask = (method, path, body) => wall.evaluate(([m, p, t, b]) => fetch(`/api/v1${p}`, {
			method: m, headers: { authorization: `Bearer ${t}`, "content-type": "application/json" }, ...(b && { body: JSON.stringify(b) }),
		}).then((r) => r.status), [method, path, token, body]);
		await check("wall display: its token reads and may nothing else", async () => {
			const { may } = await wall.evaluate((t) => fetch("/api/v1/session", { headers: { authorization: `Bearer ${t}` } }).then((r) => r.json()), token);
			equal(may.filter((m) => !["self", "read", "knock"].includes(m)), [], "may");
			equal(await ask("GET", "/overview"), 200, "reads");
			equal(await ask("POST", "/links", { name: "x" }), 403, "no links");
			equal(await ask("GET", "/users"), 403, "no users");
			equal(await ask("GET", "/audit"), 403, "no audit");
			equal(await ask("POST", "/envelopes", { node: "site", blocks: [] }), 403, "no limits");
		});
		await check("wall display: a token that may more is not taken", async () => {
			const made = await depot.api("POST", "/api-tokens", { name: "too mighty", role: "operator", days: 1 });
			const { page: other } = await openPage(context, depot.base);
			await other.goto(`${depot.base}/wall#token=${made.json.token}`);
			await until("refused", async () => (await text(other, "main")).includes("may do more than look"));
			await other.close();
			await depot.api("DELETE", `/api-tokens/${made.json.id}`);
		});
		await check("wall display: revoked, it shows nothing more; the audit has its life", async () => {
			await page.locator("[data-token]", { hasText: "Hall wall" }).getByRole("button", { name: "Revoke…" }).click();
			await dialog(page).getByRole("button", { name: "Revoke it" }).click();
			await until("dark", async () => (await text(wall, "main")).includes("revoked or has expired"), 60_000);
			await wall.screenshot({ path: `${process.env.BUILD ?? "build"}/screens/wall-revoked.png` });
			const kinds = (await depot.api("GET", "/audit?limit=50")).json.rows.map((r) => r.type);
			for (const kind of ["ApiTokenMade", "ApiTokenRevoked"]) equal(kinds.includes(kind), true, `${kind} in ${kinds}`);
		});
	} finally {
		await context.close();
	}
}

async function auditPage(page, depot) {
	await page.goto(`${depot.base}/audit`);
	await page.waitForSelector("[data-audit]");
	await check("the audit shows who did what, and filters by kind", async () => {
		await page.getByLabel("Kind").fill("UserChanged");
		await page.getByLabel("Kind").blur();
		await until("one line", async () => (await page.locator("[data-audit]").count()) === 1);
		await page.getByLabel("Kind").fill("");
		await page.getByLabel("Kind").blur();
		await until("more", async () => (await page.locator("[data-audit]").count()) > 3);
	});
	await looks(page, "audit");
	await check("a line has before and after, and all that its request did", async () => {
		await page.locator("[data-audit] a", { hasText: "UserChanged" }).first().click();
		await page.waitForSelector("#together [data-audit]");
		if (!(await text(page, "#change")).includes("dispatcher")) throw new Error(await text(page, "#change"));
	});
	await looks(page, "audit-line");
}

/* Anna, in a browser of her own. */
async function signInPage(browser, depot, link) {
	const context = await browser.context.browser().newContext({ ignoreHTTPSErrors: true });
	const { page, bad } = await openPage(context, depot.base);
	let codes = [];
	try {
		await check("by link: sets a password and a second factor", async () => {
			await page.goto(link);
			await page.waitForSelector(".say h1");
			await page.goto(`${depot.base}/users`);
			await page.getByLabel("New password").fill(SECRET);
			await page.getByRole("button", { name: "Set password" }).click();
			await until("set", async () => (await text(page, "#you")).includes("The new password counts."));
			await page.getByRole("button", { name: "Set up a second factor" }).click();
			await page.waitForSelector("#you svg.qr");
			await page.screenshot({ path: `${process.env.BUILD ?? "build"}/screens/people-factor.png`, fullPage: true });
			const secret = await text(page, "#you .secret");
			/* The depot's clock runs fast here: a code may be old before it arrives. */
			await until("recovery codes", async () => {
				const now = Date.parse((await depot.api("GET", "/session")).headers["x-depot-time"]);
				await page.getByLabel("Code", { exact: true }).fill(totp(secret, now));
				await page.getByRole("button", { name: "Switch it on" }).click();
				return page.waitForSelector(".codes li", { timeout: 2000 }).then(() => true, () => false);
			});
			codes = await page.locator(".codes li").allInnerTexts();
			equal(codes.length, 10, "recovery codes");
		});
		await looks(page, "people-you");
		await check("signs out", async () => {
			await page.locator("header .end summary").click();
			await page.getByRole("button", { name: "Sign out" }).click();
			await page.waitForSelector("main.signin form");
		});
		await looks(page, "signin");
		await check("by name and password: a wrong one is told, then the code is asked for", async () => {
			await page.getByLabel("Name").fill("Anna <b>Vos");
			await page.getByLabel("Password").fill("wrong password");
			await page.getByRole("button", { name: "Sign in", exact: true }).click();
			await until("told", async () => /wrong/.test(await text(page, ".failure")));
			await page.getByLabel("Password").fill(SECRET);
			await page.getByRole("button", { name: "Sign in", exact: true }).click();
			await page.getByLabel("Code of your second factor").fill(codes[0]);
			await page.getByRole("button", { name: "Sign in", exact: true }).click();
			await page.waitForSelector(".say h1");
			equal((await depot.api("GET", "/users")).json.users[0].factor, true, "has one");
		});
		await check("sees her part of the depot only, and no users", async () => {
			await page.goto(`${depot.base}/users`);
			await page.waitForSelector("#you");
			equal([await page.locator("#people").count(), await page.locator("#tokens").count()], [0, 0], "not hers");
			await page.goto(`${depot.base}/meters`);
			await page.waitForSelector("#meters [data-meter]");
			equal(await page.locator("#meters [data-meter]").evaluateAll((r) => r.map((x) => x.dataset.meter)), ["main", "yard"], "meters");
		});
		await check("no foreign request, no CSP report", async () => equal(bad.filter((b) => !/40[134]/.test(b)), [], "bad"));
	} finally {
		await context.close();
	}
}

export async function peoplePages(browser, page, depot) {
	const link = await userPage(page, depot);
	await wallDisplay(browser, page, depot);
	await auditPage(page, depot);
	await signInPage(browser, depot, link);
}
