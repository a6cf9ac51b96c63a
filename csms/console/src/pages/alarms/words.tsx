/*
 * Words of one alarm that the list and its page share: how soon, since when, who has it.
 */
import type { AlarmView } from "../../api/types.ts";
import { clockNear, duration } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { subjectOf, type Subject } from "../../store/alarms.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Link } from "../../ui/link.tsx";
import { State, type Status } from "../../ui/state.tsx";

const RANK: Record<string, Omit<Status, "word">> = {
	urgent: { icon: "miss", tone: "miss", isTag: true },
	tonight: { icon: "risk", tone: "risk", isTag: true },
	"this-week": { icon: "risk", tone: "plain", isTag: true },
};

export function Rank({ alarm }: { alarm: AlarmView }) {
	const row = RANK[alarm.rank] ?? { icon: "unk" as const, tone: "plain" as const, isTag: true };
	const isOver = alarm.state === "past";
	return <State status={{ ...row, ...(isOver && { tone: "plain" as const }), word: say.ranks[alarm.rank] ?? alarm.rank }} />;
}

export function Time({ at }: { at: string }) {
	return <time dateTime={at}>{clockNear(Date.parse(at), now.value, zone.value)}</time>;
}

export const lasted = (alarm: AlarmView): string => {
	const end = alarm.cleared_at === undefined ? now.value : Date.parse(alarm.cleared_at);
	return duration(Math.max(0, end - Date.parse(alarm.since)) / 1000);
};

/* "user:R. Kok" is R. Kok. */
export const person = (actor: string): string => actor.replace(/^(user|apitoken|operator)[:/]/, "");

export function Owner({ alarm }: { alarm: AlarmView }) {
	if (alarm.state === "aside" && alarm.aside_until !== undefined) {
		return <>{say.asideUntil} <Time at={alarm.aside_until} />{alarm.owner !== undefined && `, ${person(alarm.owner)}`}</>;
	}
	if (alarm.owner === undefined) return <span class="u">{say.nobodyHasIt}</span>;
	return <><b>{person(alarm.owner)}</b>{alarm.taken_at !== undefined && <>, {say.since} <Time at={alarm.taken_at} /></>}</>;
}

export function useSubject(alarm: AlarmView): Subject {
	const data = overview.value;
	return subjectOf(alarm, data?.meters ?? [], data?.tree.nodes ?? [], data?.stations ?? []);
}

/* What it is about, leading to the page that shows it. */
export function About({ alarm }: { alarm: AlarmView }) {
	const subject = useSubject(alarm);
	return subject.path === undefined ? <>{subject.name}</> : <Link to={subject.path}>{subject.name}</Link>;
}

export const kindWord = (kind: string): string => say.alarmKinds[kind] ?? kind;
