/* Words of the search, in English. */
const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export const searchEn = {
	what: "Van, charger, EVSE, meter, alarm, session, user or page",
	hits: "What was found",
	hint: "↑ ↓ choose, Enter goes there, Esc closes. Of sessions the newest 200.",
	none: (text: string) => `Nothing here is called “${text}”.`,
	count: (n: number) => `${n} ${plural(n, "is", "are")} shown, the best first.`,
	kinds: {
		page: "Page", van: "Van", charger: "Charger", evse: "EVSE", node: "Point", meter: "Meter", alarm: "Alarm", session: "Session", user: "User",
	},
};
