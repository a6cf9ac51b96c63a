/*
 * What a person does with an alarm: take it, hand it over, put it aside until a time; each with a
 * note. An alarm ends by itself when its cause is gone.
 */
import { useState } from "preact/hooks";
import type { AlarmView } from "../../api/types.ts";
import { useCommand } from "../../lib/ask.ts";
import { clockNear } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, session, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { person } from "./words.tsx";

type Way = "take" | "hand_over" | "put_aside";

const HOURS = [1, 4, 12, 24, 72, 168];

interface FieldsProps {
	way: Way;
	to: string;
	hours: number;
	note: string;
	set: (change: { to?: string; hours?: number; note?: string }) => void;
}

function Fields({ way, to, hours, note, set }: FieldsProps) {
	return (
		<>
			{way === "hand_over" && (
				<label>{say.handTo}
					<input required maxLength={80} value={to} onInput={(e) => set({ to: e.currentTarget.value })} />
				</label>
			)}
			{way === "put_aside" && (
				<label>{say.asideFor}
					<select value={String(hours)} onChange={(e) => set({ hours: Number(e.currentTarget.value) })}>
						{HOURS.map((h) => (
							<option key={h} value={String(h)}>{say.asideHours(h, clockNear(now.value + h * 3_600_000, now.value, zone.value))}</option>
						))}
					</select>
				</label>
			)}
			<label>{say.noteLabel}
				<textarea maxLength={300} value={note} onInput={(e) => set({ note: e.currentTarget.value })} />
			</label>
		</>
	);
}

function Ask({ alarm, way, onEnd }: { alarm: AlarmView; way: Way; onEnd: () => void }) {
	const [to, setTo] = useState("");
	const [hours, setHours] = useState(HOURS[1]!);
	const [note, setNote] = useState(alarm.note ?? "");
	const { isBusy, error, send } = useCommand();
	const post = async () => {
		const body = {
			...(way === "hand_over" && { to: to.trim() }),
			...(way === "put_aside" && { until: new Date(now.value + hours * 3_600_000).toISOString() }),
			...(note.trim() && { note: note.trim() }),
		};
		if ((await send("POST", `/alarms/${encodeURIComponent(alarm.id)}/${way}`, body)) !== undefined) onEnd();
	};
	return (
		<Confirm title={say.alarmActs[way].title} verb={say.alarmActs[way].verb} to="attend" isBusy={isBusy}
			isOff={way === "hand_over" && to.trim() === ""} onYes={() => void post()} onNo={onEnd}>
			<p><b>{alarm.text}</b></p>
			<p class="sub2">{say.alarmActs[way].effect}</p>
			<Fields way={way} to={to} hours={hours} note={note} set={(c) => {
				if (c.to !== undefined) setTo(c.to);
				if (c.hours !== undefined) setHours(c.hours);
				if (c.note !== undefined) setNote(c.note);
			}} />
			<Failure text={error} />
		</Confirm>
	);
}

/* `isShort`: the one button of a row; the alarm's page has all. */
export function Acts({ alarm, isShort = false }: { alarm: AlarmView; isShort?: boolean }) {
	const [way, setWay] = useState<Way | undefined>(undefined);
	const isMine = alarm.owner !== undefined && person(alarm.owner) === session.value?.name;
	if (alarm.state === "past") return null;
	const ways: Way[] = isShort ? ["take"] : ["take", "hand_over", "put_aside"];
	return (
		<div class="acts">
			{ways.map((w) => (w === "take" && isMine && isShort
				? <span key={w} class="cap">{say.youHaveIt}</span>
				: (
					<Act key={w} to="attend" isMain={w === "take" && alarm.owner === undefined && alarm.rank === "urgent"}
						onAct={() => setWay(w)}>
						{w === "take" && isMine && alarm.state === "active" ? say.changeNote : say.alarmActs[w].button}
					</Act>
				)))}
			{way !== undefined && <Ask alarm={alarm} way={way} onEnd={() => setWay(undefined)} />}
		</div>
	);
}
