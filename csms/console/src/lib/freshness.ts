/*
 * How old a reading is and whether that matters. The API does not say how often a value comes, so
 * the expected periods stand here, one line each.
 */
export const PERIOD_S = {
	meter: 1, /* polled every second unless the depot's file says otherwise */
	evse: 60, /* sampled meter values of a transaction */
	word: 300, /* any message of a charger: the longest heartbeat that we ask for */
	battery: 300, /* state of charge comes with them, but moves slowly */
} as const;

export type Source = keyof typeof PERIOD_S;

export interface Freshness {
	kind: "live" | "stale" | "unknown";
	ageS: number;
}

const MIN_STALE_S = 5;

/* `speed` is how fast the depot's clock runs: polls keep their real pace, so their age in depot
 * time grows with it. With the connection lost everything older than the minimum is stale. */
export function freshness(at: string | undefined, nowMs: number, source: Source, speed: number,
	isLost: boolean): Freshness {
	const ms = at === undefined ? NaN : Date.parse(at);
	if (Number.isNaN(ms)) return { kind: "unknown", ageS: 0 };
	const ageS = Math.max(0, (nowMs - ms) / 1000);
	const least = MIN_STALE_S * Math.max(1, speed);
	const limit = isLost ? least : Math.max(least, 3 * PERIOD_S[source]);
	return { kind: ageS <= limit ? "live" : "stale", ageS };
}

/* No word for longer than twice the longest heartbeat we ask for (300 s): silent even if the
 * socket still looks open. */
export function isSilent(connected: boolean, lastSeen: string | undefined, nowMs: number): boolean {
	if (!connected) return true;
	if (lastSeen === undefined) return false;
	return nowMs - Date.parse(lastSeen) > 600_000;
}
