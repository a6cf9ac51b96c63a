/*
 * One charger: its EVSEs, what it can be asked, what it was asked, what it said, what it is.
 */
import { useState } from "preact/hooks";
import type { StationView } from "../../api/types.ts";
import { clockNear, duration } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { alarmsOf, maker } from "../../store/chargers.ts";
import type { Offer } from "../../store/commands.ts";
import { names } from "../../store/derive.ts";
import { alarmPath } from "../../store/place.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Link } from "../../ui/link.tsx";
import { Rank } from "../alarms/words.tsx";
import { Certificates } from "./certificates.tsx";
import { CommandDialog } from "./dialog.tsx";
import { Commands } from "./commands.tsx";
import { Evses } from "./evses.tsx";
import { Asked } from "./asked.tsx";
import { Profiles } from "./profiles.tsx";
import { Variables } from "./variables.tsx";
import { WireLog } from "./wire.tsx";

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

function Troubles({ station }: { station: StationView }) {
	const list = alarmsOf(station.id, overview.value?.alarms ?? []);
	if (list.length === 0) return null;
	return (
		<ul class="troubles">
			{list.map((a) => (
				<li key={a.id} data-trouble={a.id}>
					<Rank alarm={a} /> <Link to={alarmPath(a.id)}>{a.text}</Link> <b>{a.step}</b>
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
					<Asked station={station} turn={turn} />
					<Variables station={station} want={setWanted} />
				</div>
				<div class="stack">
					<WireLog station={station} />
					<Profiles station={station} />
					<Certificates station={station} />
				</div>
			</div>
			{wanted && (
				<CommandDialog station={station} wanted={wanted} onSent={() => setTurn((n) => n + 1)} onClose={() => setWanted(undefined)} />
			)}
		</div>
	);
}
