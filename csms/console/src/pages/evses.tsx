/*
 * Every EVSE by its place in the tree: van, state, what it draws and may draw, and who says so.
 */
import { useMemo } from "preact/hooks";
import { computed } from "@preact/signals";
import type { EvseView, StationView } from "../api/types.ts";
import { kw, kwh, pct } from "../lib/format.ts";
import { memo } from "../lib/memo.ts";
import { say } from "../messages/say.ts";
import { chargerPath } from "../store/place.ts";
import { heardNow, nodes, stations, vehicles } from "../store/store.ts";
import { csvRows } from "../store/chargers.ts";
import { type EvseGroup, evseGroups, type EvseRow, nameMap } from "../store/derive.ts";
import { Bar } from "../ui/bar.tsx";
import { Link } from "../ui/link.tsx";
import { Empty, Panel } from "../ui/panel.tsx";
import { SaveTable } from "../ui/save_table.tsx";
import { Age, Reading, Unit, useIsOld } from "../ui/reading.tsx";
import { LONG, Rows } from "../ui/rows.tsx";
import { evseStatus, State, type Status } from "../ui/state.tsx";
import { limitOwner } from "./chart.tsx";

/* The parts of a row take plain values, so that what did not change is not drawn again. */
const StateOf = memo(function StateOf({ words }: { words: string }) {
	return <State status={JSON.parse(words) as Status} />;
});

/* Drawn again only when the words change, not at each beat of the clock; a reading does not change them. */
function useStatus(station: StationView, evse: EvseView): [string, Status] {
	const { policy, connected, last_seen } = station;
	const key = useMemo(() => computed(() => JSON.stringify(evseStatus(station, evse, heardNow.value))),
		[policy, connected, last_seen, evse.state]);
	return useMemo(() => [key.value, JSON.parse(key.value) as Status], [key.value]);
}

const Name = memo(function Name({ station, words, max }: { station: string; words: string; max: string }) {
	return (
		<th role="rowheader" scope="row" class="c-name">
			<Link to={chargerPath(station)} kind="name">{words}</Link> <span class="cap">{max}</span>
		</th>
	);
});

function Van({ evse, name }: { evse: EvseView; name: string | undefined }) {
	if (evse.vehicle !== undefined) return <b>{name ?? evse.vehicle}</b>;
	return <span class="u">{evse.transaction !== undefined ? say.unknownVan : say.noVan}</span>;
}

/* "Hall A feeder" with "Guard: …" under it; without a node the source itself is the owner. An EVSE
 * without a van has no need of a reason. */
const Owner = memo(function Owner({ source, node, reason }: { source: string | undefined; node: string | undefined; reason: string | undefined }) {
	const owner = limitOwner(source);
	const why = [node === undefined ? undefined : owner, source === "idle" ? undefined : reason].filter(Boolean).join(": ");
	return (
		<td role="cell" class="c-owner">
			<span class="owner">{node ?? owner}</span>
			{why !== "" && <span class="cap why">{why}</span>}
		</td>
	);
});

/* One box for power and limit: its own layout, so that the table is not laid out for a new number. */
function Draws({ evse }: { evse: EvseView }) {
	const isIdle = ["free", "unavailable", "reserved"].includes(evse.state);
	const value = evse.power_w !== undefined && !(isIdle && evse.power_w < 50)
		? <Reading at={evse.power_at} source="evse" isAgeShown={false}><b>{kw(evse.power_w, 1)}</b></Reading>
		: <span class="u">{isIdle ? say.noVan : say.unknown}</span>;
	return (
		<div class="one">
			{value}
			{evse.limit_w !== undefined
				? <span class="u"> {say.ofKw(kw(evse.limit_w, 1))}</span>
				: evse.power_w !== undefined && !isIdle && <Unit>{say.unitKw}</Unit>}
		</div>
	);
}

interface RowProps {
	station: StationView;
	evse: EvseView;
	vanName: string | undefined;
	nodeName: string | undefined;
}

const Row = memo(function Row({ station, evse, vanName, nodeName }: RowProps) {
	const [words, status] = useStatus(station, evse);
	const isOld = useIsOld(evse.power_at, "evse");
	const share = (w: number | undefined) => (w === undefined ? undefined : (100 * w) / evse.max_w);
	const isIdle = ["free", "unavailable", "reserved"].includes(evse.state);
	const max = say.kindMax(say.kinds[evse.kind] ?? evse.kind, kw(evse.max_w, 0));
	return (
		<tr role="row" data-row data-evse={`${station.id}/${evse.id}`} tabIndex={-1}
			class={status.tone === "miss" ? "tint-miss" : ""}>
			<Name station={station.id} words={say.evseName(station.name || station.id, evse.id)} max={max} />
			<td role="cell" class="c-van"><Van evse={evse} name={vanName} /></td>
			<td role="cell" class="c-state"><StateOf words={words} /></td>
			<td role="cell" class="c-soc n">
				{evse.soc_pct !== undefined && (
					<Reading at={evse.soc_at} source="battery">{pct(evse.soc_pct)}<Unit>{say.unitPct}</Unit></Reading>
				)}
			</td>
			<td role="cell" class="c-bar">
				<Bar value={share(evse.power_w) ?? (isIdle ? 0 : undefined)} notch={share(evse.limit_w)}
					isOld={isOld && !isIdle} />
			</td>
			<td role="cell" class="c-load n"><Draws evse={evse} /></td>
			{evse.limit_w === undefined ? <td role="cell" class="c-owner"><span class="u">{say.noLimitTold}</span></td>
				: <Owner source={evse.limit_source} reason={evse.limit_reason} node={evse.limit_node ? (nodeName ?? evse.limit_node) : undefined} />}
			<td role="cell" class="c-sess n">
				{evse.session_wh !== undefined && <>{kwh(evse.session_wh)}<Unit>{say.unitKwh}</Unit></>}
			</td>
			<td role="cell" class="c-age n">{!isIdle && <Age at={evse.power_at} source="evse" />}</td>
		</tr>
	);
});

const nodeNames = computed(() => nameMap(nodes.value ?? []));
const vanNames = computed(() => nameMap(vehicles.value ?? []));
const groups = computed(() => evseGroups(nodes.value ?? [], stations.value ?? []));

function Group({ group, isLong }: { group: EvseGroup; isLong: boolean }) {
	const charging = group.rows.filter((r) => r.evse.state === "charging").length;
	const head = (
		<tr role="row" class="group">
			<th role="rowheader" scope="rowgroup" colSpan={9} aria-colspan={9}>
				{group.name} <span class="cap">{say.groupSub(group.rows.length, charging)}</span>
			</th>
		</tr>
	);
	const row = ({ station, evse }: EvseRow) => (
		<Row key={`${station.id}/${evse.id}`} station={station} evse={evse}
			vanName={evse.vehicle === undefined ? undefined : vanNames.value.get(evse.vehicle)}
			nodeName={!evse.limit_node ? undefined : nodeNames.value.get(evse.limit_node)} />
	);
	return <Rows list={group.rows} columns={9} rowHeight={53} row={row} before={head} isLong={isLong} />;
}

export function Chargers() {
	const list = groups.value;
	const count = list.reduce((sum, g) => sum + g.rows.length, 0);
	const heads: [string, string][] = [
		[say.evse, "h-name"], [say.van, "h-van"], [say.state, "h-state"], [say.battery, "h-soc n"],
		[say.drawsOfLimit, "h-bar"], [say.unitKw, "h-load n"], [say.limitFrom, "h-owner"],
		[say.session, "h-sess n"], [say.age, "h-age n"],
	];
	return (
		<Panel id="chargers" title={say.chargersTitle} caption={say.chargersSub(count)}
			end={count > 0 && <SaveTable of="chargers" rows={() => [say.chargersCsv, ...csvRows(stations.peek() ?? [])]} />}>
			{count === 0 ? <Empty title={say.chargersEmpty}>{say.chargersEmptyWhy}</Empty> : (
				<table role="table" class="cards evses" aria-rowcount={count + list.length + 1} aria-labelledby="chargers-h">
					<thead role="rowgroup"><tr role="row">
						{heads.map(([text, kind]) => (
							<th key={text} role="columnheader" scope="col" class={kind}>{text}</th>
						))}
					</tr></thead>
					{list.map((group) => <Group key={group.id} group={group} isLong={count > LONG} />)}
				</table>
			)}
		</Panel>
	);
}
