/*
 * Which page an address shows. Addresses are paths; a page is a row of ROUTES, and what follows its
 * path names the thing that it shows.
 */
import { computed } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { say } from "./messages/say.ts";
import { AlarmsPage } from "./pages/alarms/page.tsx";
import { ChargersPage } from "./pages/chargers/page.tsx";
import { Energy } from "./pages/energy/page.tsx";
import { Live } from "./pages/live.tsx";
import { MetersPage } from "./pages/meters/page.tsx";
import { PlanPage } from "./pages/plan/page.tsx";
import { path } from "./store/place.ts";
import type { IconName } from "./ui/icons.tsx";

export interface Route {
	path: string;
	name: string;
	page: FunctionComponent<{ id: string | undefined }>;
	icon: IconName;
	key: string; /* after g */
	hasParts: boolean; /* PATH/ID too */
}

export const ROUTES: readonly Route[] = [
	{ path: "/", name: say.pageLive, page: Live, icon: "van", key: "t", hasParts: false },
	{ path: "/plan", name: say.pagePlan, page: PlanPage, icon: "plan", key: "p", hasParts: true },
	{ path: "/energy", name: say.pageEnergy, page: Energy, icon: "bolt", key: "e", hasParts: true },
	{ path: "/chargers", name: say.pageChargers, page: ChargersPage, icon: "plug", key: "c", hasParts: true },
	{ path: "/meters", name: say.pageMeters, page: MetersPage, icon: "meter", key: "m", hasParts: true },
	{ path: "/alarms", name: say.pageAlarms, page: AlarmsPage, icon: "bell", key: "a", hasParts: true },
];

export interface Place {
	route: Route;
	id: string | undefined;
}

/* The row and thing of an address, or undefined where there is none. */
export function placeOf(address: string): Place | undefined {
	const route = ROUTES.find((r) => r.path === address);
	if (route) return { route, id: undefined };
	const parent = ROUTES.find((r) => r.hasParts && address.startsWith(`${r.path}/`));
	const part = parent && address.slice(parent.path.length + 1);
	if (!parent || !part || part.includes("/")) return undefined;
	try {
		return { route: parent, id: decodeURIComponent(part) };
	} catch {
		return undefined;
	}
}

export const place = computed(() => placeOf(path.value));
