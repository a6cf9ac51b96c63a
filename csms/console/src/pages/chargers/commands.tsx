/*
 * What a charger can be asked: for the usual things a button each, for the others their name.
 */
import { useState } from "preact/hooks";
import type { CommandFormList, StationView } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { say } from "../../messages/say.ts";
import { cannot, evseOffers, type Offer, stationOffers } from "../../store/commands.ts";
import { isLost } from "../../store/store.ts";
import { Act, isAllowedTo, type Permission } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Panel } from "../../ui/panel.tsx";
import type { Wanted } from "./detail.tsx";

const FORMS_MS = 3_600_000;

function Ask({ offer, scope, why, want }: { offer: Offer; scope: string; why: string | undefined; want: (w: Wanted) => void }) {
	const words = say.offers[offer.id]!;
	return (
		<li data-offer={offer.id}>
			<span><b>{words.title}</b><span class="cap why">{why ?? words.effect}</span></span>
			<Act to="operate" isOff={why !== undefined} onAct={() => want({ offer, title: `${words.title}: ${scope}` })}>{words.verb}</Act>
		</li>
	);
}

/* Any other action of OCPP, by its form. */
function Other({ station, why, want }: { station: StationView; why: string | undefined; want: (w: Wanted) => void }) {
	const forms = useAsked<CommandFormList>("/command-forms", FORMS_MS);
	const [action, setAction] = useState("");
	const list = (forms.data?.forms ?? []).filter((f) => isAllowedTo(f.needs as Permission));
	return (
		<form class="form other" onSubmit={(event) => {
			event.preventDefault();
			if (action !== "") want({ offer: { id: "other", action, payload: {} }, title: `${action}: ${station.id}` });
		}}>
			<label>{say.otherCommand}
				<select value={action} onChange={(e) => setAction(e.currentTarget.value)}>
					<option value="">{say.chooseOne}</option>
					{list.map((f) => <option key={f.action} value={f.action}>{f.action} ({f.use})</option>)}
				</select>
			</label>
			{forms.error !== undefined && <Answer of={forms} />}
			<div class="acts"><Act to="operate" isOff={action === "" || why !== undefined}>{say.fillIn}</Act></div>
		</form>
	);
}

export function Commands({ station, want }: { station: StationView; want: (w: Wanted) => void }) {
	const [scope, setScope] = useState(station.evses[0]?.id ?? 0);
	const evse = station.evses.find((e) => e.id === scope);
	const reason = cannot(station);
	const why = reason === undefined ? (isLost.value ? say.lostShort : undefined) : say.cannot[reason];
	const offers = evse ? evseOffers(evse) : stationOffers(station);
	const where = evse ? say.evseName(station.id, evse.id) : station.id;
	if (!isAllowedTo("operate")) {
		return <Panel id="commands" title={say.commandsTitle}><p class="pad-line sub2">{say.commandsNotYours}</p></Panel>;
	}
	return (
		<Panel id="commands" title={say.commandsTitle} caption={say.commandsSub}>
			<div class="tools">
				<div class="seg" role="group" aria-label={say.scopeWord}>
					{station.evses.map((e) => (
						<button key={e.id} type="button" aria-pressed={scope === e.id} onClick={() => setScope(e.id)}>{say.evseNo(e.id)}</button>
					))}
					<button type="button" aria-pressed={evse === undefined} onClick={() => setScope(0)}>{say.wholeCharger}</button>
				</div>
			</div>
			<ul class="offers">{offers.map((o) => <Ask key={o.id} offer={o} scope={where} why={why} want={want} />)}</ul>
			<Other station={station} why={why} want={want} />
		</Panel>
	);
}
