/*
 * Keys of the page: g + letter, j and k along rows, Enter to open one, w for why, a for its main action,
 * [ and ] for other nights, t for the chart's table, p and c for messages, / for the search, ? for the list.
 */
import { ROUTES } from "./router.ts";
import { go, goSection, planPath, searching, SECTIONS } from "./store/place.ts";
import { stations } from "./store/store.ts";

function isTyping(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/* The next row after the focused one, or the first below the top of the window. */
function moveRow(step: 1 | -1): void {
	const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
	const here = document.activeElement?.closest<HTMLElement>("[data-row]");
	const at = here ? rows.indexOf(here) + step
		: rows.findIndex((r) => r.getBoundingClientRect().top >= 90);
	const next = rows[Math.min(rows.length - 1, Math.max(0, at))];
	next?.focus({ preventScroll: true });
	next?.scrollIntoView({ block: "nearest" });
}

const rowHere = (): HTMLElement | null => document.activeElement?.closest<HTMLElement>("[data-row]") ?? null;

/* The van that a row is about, or that stands at its EVSE. */
function vanOf(row: HTMLElement): string | undefined {
	const { van, vehicle, evse } = row.dataset;
	if (van !== undefined || vehicle !== undefined || evse === undefined) return van ?? vehicle;
	const slash = evse.lastIndexOf("/");
	const station = stations.peek()?.find((s) => s.id === evse.slice(0, slash));
	return station?.evses.find((e) => String(e.id) === evse.slice(slash + 1))?.vehicle;
}

/* Why: of the row that has the focus, else of the van that needs someone most. */
function why(): void {
	const row = rowHere() ?? document.querySelector<HTMLElement>("#needs [data-van]");
	const own = row?.querySelector<HTMLElement>("[data-why]");
	const van = row ? vanOf(row) : undefined;
	if (own) own.click();
	else if (van !== undefined) go(planPath(van));
}

/* The row's main action, which always asks before it does anything. */
function act(): void {
	const row = rowHere() ?? document.querySelector<HTMLElement>("#needs [data-van]");
	row?.querySelector<HTMLElement>("[data-main], .btn.pri, .acts .btn")?.click();
}

/* The night before or after: of the chart, or of the plans that are kept. */
function night(isBack: boolean): void {
	const button = document.getElementById(isBack ? "day-before" : "day-after");
	if (button) {
		button.click();
		return;
	}
	const kept = [...document.querySelectorAll<HTMLElement>("[data-past] button")]; /* newest first */
	const here = kept.findIndex((b) => b.getAttribute("aria-pressed") === "true");
	kept[here + (isBack ? 1 : -1)]?.click();
}

/* Where `g` and a letter lead: a page, or a part of one. */
function goTo(key: string): boolean {
	const page = ROUTES.find((r) => r.key === key);
	const section = Object.keys(SECTIONS).find((id) => SECTIONS[id]?.key === key);
	if (page) go(page.path);
	else if (section) goSection(section);
	return page !== undefined || section !== undefined;
}

export function listenKeys(openHelp: () => void): () => void {
	let afterG = -Infinity;
	const onKey = (event: KeyboardEvent) => {
		if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
		if (document.querySelector("dialog[open]")) return;
		const isSecond = performance.now() - afterG < 1500;
		afterG = -Infinity;
		if (isSecond) {
			if (goTo(event.key)) {
				event.preventDefault();
				return;
			}
		}
		if (event.key === "g") afterG = performance.now();
		else if (event.key === "j") moveRow(1);
		else if (event.key === "k") moveRow(-1);
		else if (event.key === "t") document.getElementById("chart-table")?.click();
		else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target instanceof HTMLElement && event.target.matches("[data-row]")) {
			event.preventDefault();
			moveRow(event.key === "ArrowDown" ? 1 : -1);
		} else if (event.key === "w") why();
		else if (event.key === "a") act();
		else if (event.key === "[" || event.key === "]") night(event.key === "[");
		else if (event.key === "/") {
			event.preventDefault();
			searching.value = true;
		} else if (event.key === "p") document.getElementById("wire-pause")?.click();
		else if (event.key === "c") document.querySelector<HTMLElement>(".wire li.open:focus-within [data-copy]")?.click();
		else if (event.key === "?") openHelp();
		else if (event.key === "Enter" && event.target instanceof HTMLElement && event.target.matches("[data-row]")) {
			event.target.querySelector<HTMLElement>("a, summary, button")?.click();
		}
	};
	document.addEventListener("keydown", onKey);
	return () => document.removeEventListener("keydown", onKey);
}
