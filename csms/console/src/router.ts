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
import { lazy } from "./ui/lazy.tsx";

const VehiclesPage = lazy(() => import("./pages/vehicles/page.tsx").then((m) => m.VehiclesPage));
const WirePage = lazy(() => import("./pages/wire/page.tsx").then((m) => m.WirePage));
const SessionsPage = lazy(() => import("./pages/sessions/page.tsx").then((m) => m.SessionsPage));
const TariffsPage = lazy(() => import("./pages/tariffs/page.tsx").then((m) => m.TariffsPage));
const CertificatesPage = lazy(() => import("./pages/certificates/page.tsx").then((m) => m.CertificatesPage));
const PeersPage = lazy(() => import("./pages/peers/page.tsx").then((m) => m.PeersPage));
const PeoplePage = lazy(() => import("./pages/people/page.tsx").then((m) => m.PeoplePage));
const AuditPage = lazy(() => import("./pages/audit/page.tsx").then((m) => m.AuditPage));
const SettingsPage = lazy(() => import("./pages/settings/page.tsx").then((m) => m.SettingsPage));

export interface Route {
	path: string;
	name: string;
	page: FunctionComponent<{ id: string | undefined }>;
	icon: IconName;
	key: string; /* after g */
	hasParts: boolean; /* PATH/ID too */
	hasTwo?: true; /* … and ID is A/B */
	isMore: boolean; /* behind More, not in the bar */
	isOnPhone: boolean; /* in the bar of a phone too */
}

const bar = { isMore: false, isOnPhone: true };
const deskBar = { isMore: false, isOnPhone: false };
const more = { isMore: true, isOnPhone: false };

export const ROUTES: readonly Route[] = [
	{ path: "/", name: say.pageLive, page: Live, icon: "van", key: "t", hasParts: false, ...bar },
	{ path: "/plan", name: say.pagePlan, page: PlanPage, icon: "plan", key: "p", hasParts: true, ...bar },
	{ path: "/vehicles", name: say.pageVehicles, page: VehiclesPage, icon: "trk", key: "f", hasParts: true, ...deskBar },
	{ path: "/energy", name: say.pageEnergy, page: Energy, icon: "bolt", key: "e", hasParts: true, ...bar },
	{ path: "/chargers", name: say.pageChargers, page: ChargersPage, icon: "plug", key: "c", hasParts: true, ...deskBar },
	{ path: "/meters", name: say.pageMeters, page: MetersPage, icon: "meter", key: "m", hasParts: true, ...deskBar },
	{ path: "/alarms", name: say.pageAlarms, page: AlarmsPage, icon: "bell", key: "a", hasParts: true, ...bar },
	{ path: "/sessions", name: say.pageSessions, page: SessionsPage, icon: "list", key: "i", hasParts: true, hasTwo: true, ...more },
	{ path: "/tariffs", name: say.pageTariffs, page: TariffsPage, icon: "coin", key: "r", hasParts: true, ...more },
	{ path: "/certificates", name: say.pageCertificates, page: CertificatesPage, icon: "key", key: "k", hasParts: false, ...more },
	{ path: "/grid-peers", name: say.pagePeers, page: PeersPage, icon: "grid", key: "o", hasParts: false, ...more },
	{ path: "/users", name: say.pageUsers, page: PeoplePage, icon: "user", key: "u", hasParts: false, ...more },
	{ path: "/audit", name: say.pageAudit, page: AuditPage, icon: "list", key: "h", hasParts: true, ...more },
	{ path: "/settings", name: say.pageSettings, page: SettingsPage, icon: "gear", key: ",", hasParts: false, ...more },
	{ path: "/wire", name: say.pageWire, page: WirePage, icon: "list", key: "w", hasParts: false, ...more },
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
	if (!parent || !part || part.split("/").length !== (parent.hasTwo ? 2 : 1)) return undefined;
	try {
		return { route: parent, id: part.split("/").map(decodeURIComponent).join("/") };
	} catch {
		return undefined;
	}
}

export const place = computed(() => placeOf(path.value));
