/*
 * Keys of the page: g + letter, j and k along rows, Enter to open one, t for the chart's table, p and c
 * for messages, / for the search, ? for the list.
 */
import { ROUTES } from "./router.ts";
import { go, goSection, SECTIONS } from "./store/place.ts";

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
		if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
		if (document.querySelector("dialog[open]")) return;
		const isSecond = performance.now() - afterG < 1500;
		afterG = -Infinity;
		if (isSecond) {
			if (goTo(event.key)) {
				event.preventDefault();
				return;
			}
		}
		const search = document.querySelector<HTMLElement>("input[type=search]");
		if (event.key === "g") afterG = performance.now();
		else if (event.key === "j") moveRow(1);
		else if (event.key === "k") moveRow(-1);
		else if (event.key === "t") document.getElementById("chart-table")?.click();
		else if (event.key === "/" && search) {
			event.preventDefault();
			search.focus();
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
