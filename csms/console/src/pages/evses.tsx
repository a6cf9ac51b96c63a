/*
 * Every EVSE by its place in the tree: van, state, what it draws and may draw, and who says so.
 */
import { useMemo, useState } from "preact/hooks";
import { computed } from "@preact/signals";
import type { EvseView, StationView } from "../api/types.ts";
import { kw, kwh, pct } from "../lib/format.ts";
import { memo } from "../lib/memo.ts";
import { say } from "../messages/say.ts";
import { chargerPath } from "../store/place.ts";
import { now, overview } from "../store/store.ts";
import { type EvseGroup, evseGroups, names, type Names } from "../store/derive.ts";
import { Bar } from "../ui/bar.tsx";
import { Link } from "../ui/link.tsx";
import { Empty, Panel } from "../ui/panel.tsx";
import { Age, Reading, Unit, useIsOld } from "../ui/reading.tsx";
import { evseStatus, State, type Status } from "../ui/state.tsx";
import { limitOwner } from "./chart.tsx";

const FIRST_ROWS = 60;

/* Drawn again only when the words change, not at each beat of the clock. */
function useStatus(station: StationView, evse: EvseView): Status {
	const key = useMemo(
		() => computed(() => JSON.stringify(evseStatus(station, evse, now.value))), [station, evse]);
	return JSON.parse(key.value) as Status;
}

function Van({ evse, name }: { evse: EvseView; name: string | undefined }) {
	if (evse.vehicle !== undefined) return <b>{name ?? evse.vehicle}</b>;
	return <span class="u">{evse.transaction !== undefined ? say.unknownVan : say.noVan}</span>;
}

/* "Hall A feeder" with "Guard: …" under it; without a node the source itself is the owner. An EVSE
 * without a van has no need of a reason. */
function Owner({ evse, nodeName }: { evse: EvseView; nodeName: string | undefined }) {
	if (evse.limit_w === undefined) return <span class="u">{say.noLimitTold}</span>;
	const source = limitOwner(evse.limit_source);
	const node = evse.limit_node ? (nodeName ?? evse.limit_node) : undefined;
	const reason = evse.limit_source === "idle" ? undefined : evse.limit_reason;
	const why = [node === undefined ? undefined : source, reason].filter(Boolean).join(": ");
	return (
		<>
			<span class="owner">{node ?? source}</span>
			{why !== "" && <span class="cap why">{why}</span>}
		</>
	);
}

function Draws({ evse }: { evse: EvseView }) {
	const isIdle = ["free", "unavailable", "reserved"].includes(evse.state);
	const value = evse.power_w !== undefined && !(isIdle && evse.power_w < 50)
		? <Reading at={evse.power_at} source="evse" isAgeShown={false}><b>{kw(evse.power_w, 1)}</b></Reading>
		: <span class="u">{isIdle ? say.noVan : say.unknown}</span>;
	return (
		<>
			{value}
			{evse.limit_w !== undefined
				? <span class="u"> {say.ofKw(kw(evse.limit_w, 1))}</span>
				: evse.power_w !== undefined && !isIdle && <Unit>{say.unitKw}</Unit>}
		</>
	);
}

interface RowProps {
	station: StationView;
	evse: EvseView;
	vanName: string | undefined;
	nodeName: string | undefined;
}

const Row = memo(function Row({ station, evse, vanName, nodeName }: RowProps) {
	const status = useStatus(station, evse);
	const isOld = useIsOld(evse.power_at, "evse");
	const share = (w: number | undefined) => (w === undefined ? undefined : (100 * w) / evse.max_w);
	const isIdle = ["free", "unavailable", "reserved"].includes(evse.state);
	const max = say.kindMax(say.kinds[evse.kind] ?? evse.kind, kw(evse.max_w, 0));
	return (
		<tr role="row" data-row data-evse={`${station.id}/${evse.id}`} tabIndex={-1}
			class={status.tone === "miss" ? "tint-miss" : ""}>
			<th role="rowheader" scope="row" class="c-name">
				<Link to={chargerPath(station.id)} kind="name">{say.evseName(station.name || station.id, evse.id)}</Link> <span class="cap">{max}</span>
			</th>
			<td role="cell" class="c-van"><Van evse={evse} name={vanName} /></td>
			<td role="cell" class="c-state"><State status={status} /></td>
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
			<td role="cell" class="c-owner"><Owner evse={evse} nodeName={nodeName} /></td>
			<td role="cell" class="c-sess n">
				{evse.session_wh !== undefined && <>{kwh(evse.session_wh)}<Unit>{say.unitKwh}</Unit></>}
			</td>
			<td role="cell" class="c-age n">{!isIdle && <Age at={evse.power_at} source="evse" />}</td>
		</tr>
	);
});

function Group({ group, names }: { group: EvseGroup; names: Names }) {
	const charging = group.rows.filter((r) => r.evse.state === "charging").length;
	return (
		<tbody role="rowgroup">
			<tr role="row" class="group">
				<th role="rowheader" scope="rowgroup" colSpan={9} aria-colspan={9}>
					{group.name} <span class="cap">{say.groupSub(group.rows.length, charging)}</span>
				</th>
			</tr>
			{group.rows.map(({ station, evse }) => (
				<Row key={`${station.id}/${evse.id}`} station={station} evse={evse}
					vanName={evse.vehicle === undefined ? undefined : names.vehicle.get(evse.vehicle)}
					nodeName={!evse.limit_node ? undefined : names.node.get(evse.limit_node)} />
			))}
		</tbody>
	);
}

/* The first rows of the groups, `most` in all. */
function firstRows(groups: readonly EvseGroup[], most: number): EvseGroup[] {
	const out: EvseGroup[] = [];
	let left = most;
	for (const group of groups) {
		if (left <= 0) break;
		out.push({ ...group, rows: group.rows.slice(0, left) });
		left -= group.rows.length;
	}
	return out;
}

export function Chargers() {
	const [isWhole, setWhole] = useState(false);
	const data = overview.value;
	if (!data) return null;
	const groups = evseGroups(data.tree.nodes, data.stations);
	const count = groups.reduce((sum, g) => sum + g.rows.length, 0);
	const shown = isWhole ? groups : firstRows(groups, FIRST_ROWS);
	const known = names(data);
	const heads: [string, string][] = [
		[say.evse, "h-name"], [say.van, "h-van"], [say.state, "h-state"], [say.battery, "h-soc n"],
		[say.drawsOfLimit, "h-bar"], [say.unitKw, "h-load n"], [say.limitFrom, "h-owner"],
		[say.session, "h-sess n"], [say.age, "h-age n"],
	];
	return (
		<Panel id="chargers" title={say.chargersTitle} caption={say.chargersSub(count)}>
			{count === 0 ? <Empty title={say.chargersEmpty}>{say.chargersEmptyWhy}</Empty> : (
				<table role="table" class="cards evses" aria-labelledby="chargers-h">
					<thead role="rowgroup"><tr role="row">
						{heads.map(([text, kind]) => (
							<th key={text} role="columnheader" scope="col" class={kind}>{text}</th>
						))}
					</tr></thead>
					{shown.map((group) => <Group key={group.id} group={group} names={known} />)}
				</table>
			)}
			{count > FIRST_ROWS && !isWhole && (
				<div class="pad"><button type="button" class="btn" onClick={() => setWhole(true)}>{say.showAll(count)}</button></div>
			)}
		</Panel>
	);
}
