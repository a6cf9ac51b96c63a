/* Words of the search, in German. */
import type { searchEn } from "./en_search.ts";

export const searchDe: typeof searchEn = {
	what: "Fahrzeug, Station, Ladepunkt, Zähler, Alarm, Ladevorgang, Benutzer oder Seite",
	hits: "Gefunden",
	hint: "↑ ↓ wählen, Enter öffnet, Esc schließt. Von den Ladevorgängen die neuesten 200.",
	none: (text) => `Hier heißt nichts „${text}“.`,
	count: (n) => `${n} ${n === 1 ? "wird" : "werden"} gezeigt, das Beste zuerst.`,
	kinds: {
		page: "Seite", van: "Fahrzeug", charger: "Station", evse: "Ladepunkt", node: "Punkt", meter: "Zähler", alarm: "Alarm", session: "Ladevorgang", user: "Benutzer",
	},
};
