/*
 * The EVSEs of a charger: van, power on each phase, limit with its owner, session, availability.
 */
import type { EvseView, StationView } from "../../api/types.ts";
import { clockNear, decimal, duration, kw, kwh, pct } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import type { Names } from "../../store/derive.ts";
import { heardNow, now, overview, zone } from "../../store/store.ts";
import { Bar } from "../../ui/bar.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Reading, Unit } from "../../ui/reading.tsx";
import { evseStatus, State } from "../../ui/state.tsx";
import { limitOwner } from "../chart.tsx";

const near = (at: string): string => clockNear(Date.parse(at), now.value, zone.value);
const since = (at: string): string => duration((now.value - Date.parse(at)) / 1000);

function Van({ evse }: { evse: EvseView }) {
	const van = overview.value?.vehicles.find((v) => v.id === evse.vehicle);
	if (evse.vehicle === undefined) return <>{evse.transaction === undefined ? <span class="u">{say.noVan}</span> : say.unknownVan}</>;
	return (
		<>
			<b>{van?.name || evse.vehicle}</b>
			{evse.soc_pct !== undefined && (
				<>, <Reading at={evse.soc_at} source="battery">{pct(evse.soc_pct)}{van && <> → {van.target_pct}</>}<Unit>{say.unitPct}</Unit></Reading></>
			)}
			{van?.departs_at !== undefined && <>, {say.leavesAt(near(van.departs_at))}</>}
			{evse.vehicle_conflict !== undefined && <span class="cap why">{evse.vehicle_conflict}</span>}
		</>
	);
}

function Power({ evse }: { evse: EvseView }) {
	if (evse.power_w === undefined) return <span class="u">{say.unknown}</span>;
	return (
		<Reading at={evse.power_at} source="evse">
			<b>{kw(evse.power_w, 2)}</b><Unit>{say.unitKw}</Unit>{evse.power_at !== undefined && <span class="u">, {say.ago(since(evse.power_at))}</span>}
		</Reading>
	);
}

/* Who holds it there, and since when it knows. */
function Limit({ evse, known }: { evse: EvseView; known: Names }) {
	if (evse.limit_w === undefined) return <span class="u">{say.noLimitTold}</span>;
	const source = limitOwner(evse.limit_source);
	const node = evse.limit_node ? (known.node.get(evse.limit_node) ?? evse.limit_node) : undefined;
	return (
		<>
			<b>{kw(evse.limit_w, 1)}</b><Unit>{say.unitKw}</Unit>, <span class="owner">{node ?? source}</span>
			<span class="cap why">{[node === undefined ? undefined : source, evse.limit_reason,
				evse.limit_at === undefined ? undefined : say.toldAt(near(evse.limit_at))].filter(Boolean).join(", ")}</span>
			{evse.external_w !== undefined && (
				<span class="cap why">{say.othersLeave(kw(evse.external_w, 1), evse.external_source ?? say.unknown)}</span>
			)}
		</>
	);
}

function Currents({ evse }: { evse: EvseView }) {
	if (evse.currents_a.length === 0) return <span class="u">{say.notMeasured}</span>;
	return (
		<Reading at={evse.currents_at} source="evse">
			<b>{evse.currents_a.map((a) => decimal(a, 1)).join(" · ")}</b><Unit>A</Unit>
		</Reading>
	);
}

function Session({ evse }: { evse: EvseView }) {
	const parts = [
		evse.session_wh === undefined ? undefined : `${kwh(evse.session_wh)}\u202f${say.unitKwh}`,
		evse.transaction_at === undefined ? undefined : say.sinceTime(near(evse.transaction_at)),
		evse.cost === undefined ? undefined : `${decimal(evse.cost, 2)} ${evse.currency ?? ""}`,
	].filter((x) => x !== undefined);
	return (
		<>
			{parts.length === 0 ? <span class="u">{say.unknown}</span> : parts.join(", ")}
			<span class="cap why mono">{evse.transaction}</span>
		</>
	);
}

function Connectors({ evse }: { evse: EvseView }) {
	return (
		<>
			{evse.connectors.map((c) => (
				<span key={c.id} class="connector">
					{evse.connectors.length > 1 && `${c.id} `}{c.status}{c.at !== undefined && <span class="u">, {say.sinceTime(near(c.at))}</span>}
				</span>
			))}
		</>
	);
}

/* What happened, what it does to the van, what is next. */
function Fault({ evse }: { evse: EvseView }) {
	const at = evse.connectors.find((c) => c.status === "Faulted")?.at;
	const van = overview.value?.vehicles.find((v) => v.id === evse.vehicle);
	return (
		<p class="fault">
			{at === undefined ? say.faultWord : say.faultSince(near(at), since(at))}{" "}
			{evse.transaction !== undefined && say.faultVan(van?.name || evse.vehicle || say.unknownVan)}{" "}
			<b>{say.faultStep}</b> {say.faultThen(evse.id)}
		</p>
	);
}

function One({ station, evse, known }: { station: StationView; evse: EvseView; known: Names }) {
	const status = evseStatus(station, evse, heardNow.value);
	const share = (w: number | undefined) => (w === undefined ? undefined : (100 * w) / evse.max_w);
	const rows: [string, preact.ComponentChildren][] = [
		[say.van, <Van evse={evse} />],
		[say.power, <Power evse={evse} />],
		[say.limitWord, <Limit evse={evse} known={known} />],
		[say.phasesWord, <Currents evse={evse} />],
		...(evse.transaction === undefined ? [] : [[say.session, <Session evse={evse} />] as [string, preact.ComponentChildren]]),
		[say.connectorWord, <Connectors evse={evse} />],
		...(evse.reservation === undefined ? [] : [[say.reservedWord,
			say.reservedFor(evse.reserved_for ?? say.unknown, evse.reserved_until === undefined ? say.unknown : near(evse.reserved_until))] as [string, string]]),
	];
	return (
		<section class={status.tone === "miss" ? "evse tint-miss" : "evse"} data-evse-panel={evse.id} aria-label={say.evseNo(evse.id)}>
			<div class="evse-head">
				<h3>{say.evseNo(evse.id)} <span class="cap">{say.kindMax(say.kinds[evse.kind] ?? evse.kind, kw(evse.max_w, 0))}</span></h3>
				<State status={status} />
			</div>
			{evse.state === "faulted" && <Fault evse={evse} />}
			<Bar value={share(evse.power_w)} notch={share(evse.limit_w)} />
			<dl class="pairs">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
		</section>
	);
}

export function Evses({ station, known }: { station: StationView; known: Names }) {
	return (
		<Panel id="evses" title={say.evses} caption={station.control === "manual" ? say.controlManual : undefined}>
			<div class="evse-grid">{station.evses.map((e) => <One key={e.id} station={station} evse={e} known={known} />)}</div>
		</Panel>
	);
}
