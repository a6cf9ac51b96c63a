/*
 * Keys of the page: g + letter, j and k along rows, t for the chart's table, ? for the list.
 */
import { route, goSection } from "./router.ts";

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

export function listenKeys(openHelp: () => void): () => void {
	let afterG = 0;
	const onKey = (event: KeyboardEvent) => {
		if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
		if (document.querySelector("dialog[open]")) return;
		const isSecond = performance.now() - afterG < 1500;
		afterG = 0;
		if (isSecond) {
			const section = route.value?.sections.find((s) => s.key === event.key);
			if (section) {
				goSection(section.id);
				event.preventDefault();
				return;
			}
		}
		if (event.key === "g") afterG = performance.now();
		else if (event.key === "j") moveRow(1);
		else if (event.key === "k") moveRow(-1);
		else if (event.key === "t") document.getElementById("chart-table")?.click();
		else if (event.key === "?") openHelp();
	};
	document.addEventListener("keydown", onKey);
	return () => document.removeEventListener("keydown", onKey);
}
