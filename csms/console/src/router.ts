/*
 * Which page an address shows. Addresses are paths; a page is a row of ROUTES.
 */
import { computed, signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { en } from "./messages/en.ts";
import { Live } from "./pages/live.tsx";

export interface Section {
	id: string; /* of the element to go to */
	name: string;
	icon: "van" | "bolt" | "tree" | "plug";
	key: string; /* after g */
}

export interface Route {
	path: string;
	name: string;
	page: FunctionComponent;
	sections: Section[];
}

export const ROUTES: readonly Route[] = [
	{
		path: "/",
		name: en.pageLive,
		page: Live,
		sections: [
			{ id: "vans", name: en.navVans, icon: "van", key: "v" },
			{ id: "power", name: en.navPower, icon: "bolt", key: "e" },
			{ id: "tree", name: en.navTree, icon: "tree", key: "t" },
			{ id: "chargers", name: en.navChargers, icon: "plug", key: "c" },
		],
	},
];

const path = signal(location.pathname);

export const route = computed<Route | undefined>(() => ROUTES.find((r) => r.path === path.value));

window.addEventListener("popstate", () => {
	path.value = location.pathname;
});

export function go(to: string): void {
	history.pushState(null, "", to);
	path.value = location.pathname;
}

/* To a section of the page, with the focus on its heading. Vans that need someone stand first. */
export function goSection(id: string): void {
	const wanted = id === "vans" && document.getElementById("needs") ? "needs" : id;
	const heading = document.getElementById(`${wanted}-h`);
	if (!heading) return;
	heading.focus({ preventScroll: true });
	document.getElementById(wanted)?.scrollIntoView();
}
