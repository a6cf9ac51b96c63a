/*
 * What a browser's tab calls the page: by the thing that it shows, as people name it.
 */
import { say } from "./messages/say.ts";
import { kindWord } from "./pages/alarms/words.tsx";
import type { Place } from "./router.ts";
import { subjectOf } from "./store/alarms.ts";
import type { Overview } from "./api/types.ts";

type Named = { id: string; name?: string };

const nameIn = (list: readonly Named[], id: string): string | undefined => {
	const thing = list.find((x) => x.id === id);
	return thing && (thing.name || thing.id);
};

/* Of what has a page of its own; undefined: it is not in the overview (over, or not known). */
const THINGS: Record<string, (o: Overview, id: string) => string | undefined> = {
	"/alarms": (o, id) => {
		const alarm = o.alarms.find((a) => a.id === id);
		return alarm && `${kindWord(alarm.kind)}, ${subjectOf(alarm, o.meters, o.tree.nodes, o.stations).name}`;
	},
	"/energy": (o, id) => {
		const limit = o.envelopes.find((e) => e.id === id);
		return limit && say.limitTitle(limit.owner, nameIn(o.tree.nodes, limit.node) ?? limit.node);
	},
	"/chargers": (o, id) => nameIn(o.stations, id),
	"/meters": (o, id) => nameIn(o.meters, id),
	"/plan": (o, id) => nameIn(o.vehicles, id),
	"/vehicles": (o, id) => nameIn(o.vehicles, id),
};

/* undefined: the first page, which the depot's name is enough for. */
export function titleOf(place: Place | undefined, overview: Overview | undefined): string | undefined {
	if (place === undefined || (place.id === undefined && place.route.path === "/")) return undefined;
	const thing = place.id === undefined || overview === undefined ? undefined : THINGS[place.route.path]?.(overview, place.id);
	return thing === undefined ? place.route.name : `${thing} · ${place.route.name}`;
}
