/*
 * One charger: its EVSEs, what it can be asked, what it was asked, what it said, what it is.
 */
import { useState } from "preact/hooks";
import type { Alert, AlertList, StationView } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockNear, duration } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { alarmsOf, maker } from "../../store/chargers.ts";
import { cannot, type Offer } from "../../store/commands.ts";
import { names } from "../../store/derive.ts";
import { alarmPath } from "../../store/place.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Link } from "../../ui/link.tsx";
import { Rank } from "../alarms/words.tsx";
import { Certificates } from "./certificates.tsx";
import { CommandDialog } from "./dialog.tsx";
import { Commands } from "./commands.tsx";
import { Evses } from "./evses.tsx";
import { Asked } from "./asked.tsx";
import { Files } from "./files.tsx";
import { Profiles } from "./profiles.tsx";
import { Variables } from "./variables.tsx";
import { WireLog } from "../wire/log.tsx";

/* What does not tick by itself stands in one line. */
function About({ station }: { station: StationView }) {
	const since = station.connected && station.connected_at !== undefined
		? say.connectedSince(clockNear(Date.parse(station.connected_at), now.value, zone.value)) : undefined;
	const word = station.last_seen === undefined ? undefined
		: say.lastWordAgo(duration((now.value - Date.parse(station.last_seen)) / 1000));
	const what = [maker(station), station.firmware === undefined ? "" : say.firmwareIs(station.firmware), station.protocol ?? "",
		say.securityIs(station.security_profile), station.serial === undefined ? "" : say.serialIs(station.serial)].filter(Boolean).join(", ");
	return <p class="sub">{[since, word].filter(Boolean).join(" ")} {what}.</p>;
}

/* "EVSE 1 RCD.Tripped true: ground fault". */
function alertWords(a: Alert): string {
	const where = a.evse === undefined ? "" : `${say.evseNo(a.evse)}, `;
	return `${where}${a.component}.${a.variable}${a.value === undefined ? "" : ` ${a.value}`}${a.tech_info ? `: ${a.tech_info}` : ""}`;
}

/* Its open alarms, and what it itself says is wrong and lasts. */
function Troubles({ station }: { station: StationView }) {
	const list = alarmsOf(station.id, overview.value?.alarms ?? []);
	const asked = useAsked<AlertList>(`/stations/${encodeURIComponent(station.id)}/alerts?limit=10`, 10_000);
	const told = asked.data?.alerts ?? [];
	if (list.length + told.length === 0) return asked.error === undefined ? null : <Answer of={asked} />;
	return (
		<ul class="troubles">
			{list.map((a) => (
				<li key={a.id} data-trouble={a.id}>
					<Rank alarm={a} /> <Link to={alarmPath(a.id)}>{a.text}</Link> <b>{a.step}</b>
				</li>
			))}
			{told.map((a) => (
				<li key={`e${a.event_id} ${a.at}`} data-alert={a.event_id} class="st plain">
					<Icon name="risk" /> {alertWords(a)}{a.opened_at !== undefined && `, ${say.alertSince(clockNear(Date.parse(a.opened_at), now.value, zone.value))}`}
				</li>
			))}
		</ul>
	);
}

export interface Wanted {
	offer: Offer;
	title: string;
	isFixed?: boolean; /* all that it needs is known: no form */
	note?: preact.ComponentChildren;
}

export function ChargerDetail({ station }: { station: StationView }) {
	const [wanted, setWanted] = useState<Wanted | undefined>(undefined);
	const [turn, setTurn] = useState(0);
	const known = names(overview.value!);
	return (
		<div class="page">
			<div class="say">
				<p class="back"><Link to="/chargers">{say.allChargers}</Link> / {known.node.get(station.node) ?? station.node}</p>
				<h1 aria-live="polite">{station.sentence}</h1>
				<About station={station} />
				<Troubles station={station} />
			</div>
			<div class="g-charger">
				<div class="stack">
					<Evses station={station} known={known} />
					<Commands station={station} want={setWanted} />
					<Asked id={station.id} turn={turn} />
					<Variables id={station.id} isOff={cannot(station) !== undefined} want={setWanted} />
				</div>
				<div class="stack">
					<WireLog id={station.id} />
					<Profiles id={station.id} />
					<Certificates id={station.id} profile={station.security_profile} />
					<Files id={station.id} />
				</div>
			</div>
			{wanted && (
				<CommandDialog station={station} wanted={wanted} onSent={() => setTurn((n) => n + 1)} onClose={() => setWanted(undefined)} />
			)}
		</div>
	);
}
