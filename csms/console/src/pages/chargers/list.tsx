/*
 * Every charger in a row: connection, EVSEs, vans, power, firmware, how it is secured, its last word.
 * Rows are drawn as one scrolls, and again only when their charger changes.
 */
import { useMemo, useState } from "preact/hooks";
import { computed } from "@preact/signals";
import type { AlarmView, EvseView, StationView } from "../../api/types.ts";
import { csvText, saveFile } from "../../lib/csv.ts";
import { duration, kw } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { useStableOrder } from "../../lib/stable_order.ts";
import { say } from "../../messages/say.ts";
import {
	addressOf, alarmsOf, type Choice, choiceOf, chosen, csvRows, type Filter, FILTERS, health, limitOf, maker, NO_CHOICE,
	powerAt, powerOf, type Sort, SORTS,
} from "../../store/chargers.ts";
import { type Names, names } from "../../store/derive.ts";
import { chargerPath, note } from "../../store/place.ts";
import { heardNow, overview } from "../../store/store.ts";
import { Icon } from "../../ui/icons.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { Age, Reading } from "../../ui/reading.tsx";
import { Rows } from "../../ui/rows.tsx";
import { evseStatus, State, type Status } from "../../ui/state.tsx";
import { kindWord } from "../alarms/words.tsx";

/* The charger's own connection, in a word and shape. */
function connection(s: StationView, nowMs: number): Status {
	switch (health(s, nowMs)) {
	case "rejected": return { icon: "closed", tone: "plain", isTag: false, word: say.rejectedStation };
	case "pending": return { icon: "wait", tone: "plain", isTag: false, word: say.pendingStation };
	case "silent": return {
		icon: "off", tone: "plain", isTag: false,
		word: s.last_seen === undefined ? say.silentNever : say.silentFor(duration((nowMs - Date.parse(s.last_seen)) / 1000)),
	};
	default: return { icon: "ok", tone: "plain", isTag: false, word: say.connected };
	}
}

/* Drawn again only when the words change, not at each beat of the clock. */
export function useConnection(s: StationView): Status {
	const key = useMemo(() => computed(() => JSON.stringify(connection(s, heardNow.value))), [s]);
	return JSON.parse(key.value) as Status;
}

/* "1" beside a shape; a fault in words too. */
function EvseMark({ station, evse }: { station: StationView; evse: EvseView }) {
	const status = evseStatus({ ...station, connected: true, policy: "accepted", last_seen: station.connected_at ?? "" }, evse, 0);
	return (
		<span class={`evse-mark ${status.isTag ? `tag ${status.tone}` : `st ${status.tone}`}`} title={`${say.evse} ${evse.id}: ${status.word}`}>
			<Icon name={status.icon} size={14} /> {evse.id}
			<span class={status.isTag ? "" : "vh"}> {status.word}</span>
		</span>
	);
}

function Vans({ station, known }: { station: StationView; known: Names }) {
	const list = station.evses.flatMap((e) => (e.vehicle !== undefined ? [known.vehicle.get(e.vehicle) ?? e.vehicle]
		: e.transaction !== undefined ? [say.unknownVan] : []));
	if (list.length === 0) return <span class="u">{say.noVan}</span>;
	return <>{list.join(", ")}</>;
}

function Power({ station }: { station: StationView }) {
	const w = powerOf(station);
	const limit = limitOf(station);
	if (w === undefined) return <span class="u">{station.evses.some((e) => e.transaction !== undefined) ? say.unknown : say.noVan}</span>;
	return (
		<div class="one">
			<Reading at={powerAt(station)} source="evse" isAgeShown={false}>
				<b>{kw(w, 1)}</b>{limit !== undefined && <span class="u"> {say.ofKw(kw(limit, 1))}</span>}
			</Reading>
		</div>
	);
}

interface RowProps {
	station: StationView;
	known: Names;
	trouble: string; /* words of its open alarms, "" none */
}

const Row = memo(function Row({ station, known, trouble }: RowProps) {
	const isFaulted = station.evses.some((e) => e.state === "faulted");
	return (
		<tr role="row" data-row data-charger={station.id} tabIndex={-1} class={isFaulted ? "tint-miss" : trouble !== "" ? "tint-risk" : ""}>
			<th role="rowheader" scope="row" class="c-name">
				<Link to={chargerPath(station.id)} kind="name">{station.name || station.id}</Link>{" "}
				<span class="cap">{known.node.get(station.node) ?? station.node}</span>
			</th>
			<td role="cell" class="c-state"><State status={useConnection(station)} />{trouble !== "" && <span class="cap why">{trouble}</span>}</td>
			<td role="cell" class="c-evses">{station.evses.map((e) => <EvseMark key={e.id} station={station} evse={e} />)}</td>
			<td role="cell" class="c-van"><Vans station={station} known={known} /></td>
			<td role="cell" class="c-load n"><Power station={station} /></td>
			<td role="cell" class="c-fw">{station.firmware ?? <span class="u">{say.unknown}</span>} <span class="cap">{maker(station)}</span></td>
			<td role="cell" class="c-sec" data-label={say.securityShort}>{station.security_profile === 0 ? say.noneYet : station.security_profile}</td>
			<td role="cell" class="c-age n" data-label={say.lastWord}>
				{station.last_seen === undefined ? <span class="u">{say.never}</span> : <Age at={station.last_seen} source="word" />}
			</td>
		</tr>
	);
});

const HEADS: [Sort | undefined, () => string, string][] = [
	["name", () => say.charger, "h-name"], ["state", () => say.connection, "h-state"], [undefined, () => say.evses, "h-evses"],
	[undefined, () => say.van, "h-van"], ["power", () => say.drawsKw, "h-load n"], ["firmware", () => say.firmware, "h-fw"],
	["security", () => say.securityShort, "h-sec"], ["heard", () => say.lastWord, "h-age n"],
];

function Head({ choice, set }: { choice: Choice; set: (c: Partial<Choice>) => void }) {
	return (
		<thead role="rowgroup"><tr role="row">
			{HEADS.map(([sort, text, kind]) => {
				const isMine = sort !== undefined && choice.sort === sort;
				return (
					<th key={kind} role="columnheader" scope="col" class={kind}
						aria-sort={isMine ? (choice.isDown ? "descending" : "ascending") : undefined}>
						{sort === undefined ? text() : (
							<button type="button" class="sort" onClick={() => set(!isMine ? { sort, isDown: false }
								: choice.isDown ? { sort: "place", isDown: false } : { isDown: true })}>
								{text()}{isMine && <span aria-hidden="true"> {choice.isDown ? "↓" : "↑"}</span>}
							</button>
						)}
					</th>
				);
			})}
		</tr></thead>
	);
}

function Tools({ choice, set, save }: { choice: Choice; set: (c: Partial<Choice>) => void; save: () => void }) {
	return (
		<div class="tools">
			<input id="charger-search" class="filter" type="search" placeholder={say.chargerSearch} aria-label={say.chargerSearch} value={choice.text}
				onInput={(e) => set({ text: e.currentTarget.value.slice(0, 100) })} />
			<div class="seg" role="group" aria-label={say.show}>
				{FILTERS.map((f: Filter) => (
					<button key={f} type="button" aria-pressed={choice.filter === f} onClick={() => set({ filter: f })}>{say.chargerFilters[f]}</button>
				))}
			</div>
			<label class="only-cards">{say.sortBy}{" "}
				<select value={choice.sort} onChange={(e) => set({ sort: SORTS.find((s) => s === e.currentTarget.value) ?? "place", isDown: false })}>
					{SORTS.map((s) => <option key={s} value={s}>{say.chargerSorts[s]}</option>)}
				</select>
			</label>
			<button type="button" class="btn" onClick={save}>{say.saveCsv}</button>
		</div>
	);
}

const troubleWords = (list: readonly AlarmView[]): string => [...new Set(list.map((a) => kindWord(a.kind)))].join(", ");

export function ChargerList() {
	const [choice, setChoice] = useState<Choice>(() => choiceOf(location.search));
	const data = overview.value!;
	const set = (change: Partial<Choice>) => {
		const next = { ...choice, ...change };
		setChoice(next);
		note(addressOf(next));
	};
	const known = useMemo(() => names(data), [data.tree.nodes, data.vehicles]);
	const about = { nodes: data.tree.nodes, vehicles: data.vehicles, alarms: data.alarms };
	const wanted = chosen(data.stations, choice, about, heardNow.peek());
	const byId = new Map(data.stations.map((s) => [s.id, s] as const));
	const order = useStableOrder(wanted.map((s) => s.id), addressOf(choice));
	const shown = order.ids.map((id) => byId.get(id)).filter((s) => s !== undefined);
	const save = () => saveFile(say.chargersCsvName(data.at.slice(0, 10)), "text/csv",
		csvText([say.chargersCsv, ...csvRows(wanted)]));
	const evses = wanted.reduce((n, s) => n + s.evses.length, 0);
	return (
		<Panel id="charger-list" title={say.chargersTitle}
			caption={order.isWaiting ? say.orderChanged : say.chargersShown(wanted.length, data.stations.length, evses)}>
			<Tools choice={choice} set={set} save={save} />
			{data.stations.length === 0 && <Empty title={say.chargersEmpty}>{say.chargersEmptyWhy}</Empty>}
			{data.stations.length > 0 && wanted.length === 0 && (
				<div class="pad">
					<p><b>{say.chargersNone}</b></p>
					<p class="acts"><button type="button" class="btn" onClick={() => set(NO_CHOICE)}>{say.showAllChargers}</button></p>
				</div>
			)}
			{wanted.length > 0 && (
				<table role="table" class="cards chargers" aria-rowcount={wanted.length + 1} aria-labelledby="charger-list-h" {...order.hold}>
					<Head choice={choice} set={set} />
					<Rows list={shown} columns={8} rowHeight={53} row={(s) => (
						<Row key={s.id} station={s} known={known} trouble={troubleWords(alarmsOf(s.id, data.alarms))} />
					)} />
				</table>
			)}
		</Panel>
	);
}
