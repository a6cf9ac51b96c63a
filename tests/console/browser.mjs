/* Starts the system's Chromium for the console's tests. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(new URL("../../csms/console/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const FLAGS = [
	"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];

export function chromiumPath() {
	const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
	return places.find((p) => p && existsSync(p));
}

/* A browser with an empty profile; close() removes it. */
export async function launch() {
	const profile = mkdtempSync(join(tmpdir(), "console-browser-"));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: chromiumPath(), headless: true, args: FLAGS, ignoreHTTPSErrors: true,
		viewport: { width: 1440, height: 1000 }, locale: "en-GB",
	});
	context.setDefaultTimeout(60_000);
	return {
		context,
		async close() {
			await context.close();
			rmSync(profile, { recursive: true, force: true });
		},
	};
}
