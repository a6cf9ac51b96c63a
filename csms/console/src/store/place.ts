/*
 * Where the page is: the path of its address. Whoever shows a link uses go().
 */
import { signal } from "@preact/signals";

export const path = signal(typeof location === "undefined" ? "/" : location.pathname);

/* Parts of pages that other pages, keys and the pulse strip lead to. */
export const SECTIONS: Record<string, { page: string; key: string }> = {
	vans: { page: "/", key: "v" },
	power: { page: "/energy", key: "s" },
	tree: { page: "/energy", key: "n" },
	envelopes: { page: "/energy", key: "l" },
};

if (typeof window !== "undefined") {
	window.addEventListener("popstate", () => {
		path.value = location.pathname;
	});
}

/* Shows another page, with the focus on its beginning. */
export function go(to: string): void {
	if (to === location.pathname) return;
	history.pushState(null, "", to);
	path.value = location.pathname;
	requestAnimationFrame(() => {
		document.getElementById("main")?.focus({ preventScroll: true });
		window.scrollTo(0, 0);
	});
}

/* The address of what is shown on this page; the focus stays where it is. */
export function note(to: string): void {
	const isSame = to.split("?")[0] === location.pathname;
	history[isSame ? "replaceState" : "pushState"](null, "", to);
	path.value = location.pathname;
}

/* Is the search open? */
export const searching = signal(false);
/* The van that is being given a bay. */
export const assigning = signal<string | undefined>(undefined);
/* The van whose state of charge is being told. */
export const telling = signal<string | undefined>(undefined);

/* To a row of a page, which may still have to be drawn: for two seconds it is waited for. */
export function goRow(to: string, selector: string): void {
	const until = performance.now() + 2000;
	const look = () => {
		const found = document.querySelector<HTMLElement>(selector);
		if (!found) {
			if (performance.now() < until) requestAnimationFrame(look);
			return;
		}
		found.focus({ preventScroll: true });
		found.scrollIntoView({ block: "center" });
	};
	go(to);
	requestAnimationFrame(() => requestAnimationFrame(look));
}

function focusSection(id: string): void {
	const wanted = id === "vans" && document.getElementById("needs") ? "needs" : id;
	const heading = document.getElementById(`${wanted}-h`);
	if (!heading) return;
	heading.focus({ preventScroll: true });
	document.getElementById(wanted)?.scrollIntoView();
}

/* To a section, with the focus on its heading. Vans that need someone stand first. */
export function goSection(id: string): void {
	const page = SECTIONS[id]?.page;
	if (page === undefined || page === path.value) {
		focusSection(id);
		return;
	}
	go(page);
	requestAnimationFrame(() => requestAnimationFrame(() => focusSection(id)));
}

export const chargerPath = (id: string): string => `/chargers/${encodeURIComponent(id)}`;
export const meterPath = (id: string): string => `/meters/${encodeURIComponent(id)}`;
export const envelopePath = (id: string): string => `/energy/${encodeURIComponent(id)}`;
export const planPath = (van: string, slot?: number): string =>
	`/plan/${encodeURIComponent(van)}${slot === undefined ? "" : `?slot=${new Date(slot).toISOString()}`}`;
export const alarmPath = (id: string): string => `/alarms/${encodeURIComponent(id)}`;
