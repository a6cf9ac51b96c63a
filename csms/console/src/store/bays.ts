/* EVSEs that a van could be given, those of most use first. Pure. */
import type { EvseView, StationView } from "../api/types.ts";
import type { Description } from "./vehicles.ts";

export type BayState = "free" | "here" | "taken" | "fault";

export interface Bay {
	id: string; /* "CP-1/2" */
	name: string;
	evse: EvseView;
	state: BayState;
	who?: string; /* who stands there */
}

const RANK: Record<BayState, number> = { free: 0, here: 1, taken: 2, fault: 3 };

function stateOf(s: StationView, e: EvseView, van: string): BayState {
	if (e.vehicle === van) return "here";
	if (!s.connected || s.policy !== "accepted" || e.state === "faulted" || e.state === "unavailable" || e.state === "unknown") return "fault";
	return e.state === "free" ? "free" : "taken";
}

/* Free ones that can give it most stand first; where it cannot charge at all is left out. */
export function baysFor(stations: readonly StationView[], van: string, of: Description): Bay[] {
	const most = (e: EvseView) => Math.min(e.max_w, (e.kind === "dc" ? of.max_dc_w : of.max_ac_w) ?? e.max_w);
	return stations
		.flatMap((s) => s.evses.map((e): Bay => ({
			id: `${s.id}/${e.id}`, name: `${s.name || s.id}/${e.id}`, evse: e, state: stateOf(s, e, van), ...(e.vehicle !== undefined && { who: e.vehicle }),
		})))
		.filter((b) => most(b.evse) > 0)
		.sort((a, b) => RANK[a.state] - RANK[b.state] || most(b.evse) - most(a.evse) || (a.id < b.id ? -1 : 1));
}
