/*
 * The status set: shape, word and tone of every state. Only what a person must look at is a tag.
 */
import type { EvseView, StationView } from "../api/types.ts";
import { duration } from "../lib/format.ts";
import { isSilent } from "../lib/freshness.ts";
import { say } from "../messages/say.ts";
import { Icon, type IconName } from "./icons.tsx";

type Tone = "ok" | "plain" | "risk" | "miss";

export interface Status {
	icon: IconName;
	tone: Tone;
	isTag: boolean;
	word: string;
}

const plain = (icon: IconName, word: string, tone: Tone = "plain"): Status =>
	({ icon, tone, isTag: false, word });

const VEHICLE: Record<string, [IconName, Tone, boolean]> = {
	ready: ["ok", "ok", false],
	charging: ["trk", "plain", false],
	waits: ["wait", "plain", false],
	at_risk: ["risk", "risk", true],
	will_miss: ["miss", "miss", true],
	away: ["away", "plain", false],
	unknown: ["unk", "plain", false],
};

const EVSE: Record<string, [IconName, Tone, boolean]> = {
	free: ["free", "plain", false],
	plugged: ["plug", "plain", false],
	charging: ["trk", "plain", false],
	paused: ["wait", "plain", false],
	done: ["ok", "ok", false],
	faulted: ["miss", "miss", true],
	unavailable: ["closed", "plain", false],
	reserved: ["closed", "plain", false],
	unknown: ["unk", "plain", false],
};

function pick(table: Record<string, [IconName, Tone, boolean]>, words: Record<string, string>,
	state: string): Status {
	const [icon, tone, isTag] = table[state] ?? ["unk" as IconName, "plain" as Tone, false];
	return { icon, tone, isTag, word: words[state] ?? state };
}

export function vehicleStatus(state: string): Status {
	return pick(VEHICLE, say.vehicleStates, state);
}

/* The station's own troubles go before what its EVSE last said. */
export function evseStatus(station: StationView, evse: EvseView, nowMs: number): Status {
	if (station.policy === "pending") return plain("wait", say.pendingStation);
	if (station.policy === "rejected") return plain("closed", say.rejectedStation);
	if (isSilent(station.connected, station.last_seen, nowMs)) {
		if (station.last_seen === undefined) return plain("off", say.silentNever);
		return plain("off", say.silentFor(duration((nowMs - Date.parse(station.last_seen)) / 1000)));
	}
	return pick(EVSE, say.evseStates, evse.state);
}

export function State({ status }: { status: Status }) {
	const kind = status.isTag ? "tag" : "st";
	return (
		<span class={`${kind} ${status.tone}`}>
			<Icon name={status.icon} /> {status.word}
		</span>
	);
}
