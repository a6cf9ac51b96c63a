/*
 * The tree of nodes: load against the limit in force, who owns the limit, who measured, how old.
 */
import type { NodeLimitView, NodeView } from "../api/types.ts";
import { clockNear, decimal, kw, pct } from "../lib/format.ts";
import type { Source } from "../lib/freshness.ts";
import { memo } from "../lib/memo.ts";
import { say } from "../messages/say.ts";
import { now, overview, zone } from "../store/store.ts";
import { evseTotals, heldBackBy, treeRows } from "../store/derive.ts";
import { Bar } from "../ui/bar.tsx";
import { Elbow } from "../ui/elbow.tsx";
import { Icon } from "../ui/icons.tsx";
import { Empty, Panel } from "../ui/panel.tsx";
import { SaveTable } from "../ui/save_table.tsx";
import { Age, Reading, Unit, useIsOld } from "../ui/reading.tsx";
import { limitOwner } from "./chart.tsx";

interface RowProps {
	node: NodeView;
	depth: number;
	digits: number;
	held: number;
	evses: number; /* below it */
	meter: string | undefined;
}

function Measured({ node, meter }: { node: NodeView; meter: string | undefined }) {
	if (node.load_source === undefined || node.load_w === undefined) return <>{say.unknown}</>;
	if (node.load_source === "meter") return <>{meter ?? node.meter ?? node.load_source}</>;
	const words = say.loadSources[node.load_source] ?? node.load_source;
	if (node.load_source === "sum") return <>{words}</>;
	return <span class="st risk small"><Icon name="risk" size={14} /> {words}</span>;
}

const show = (l: NodeLimitView, x: number): string => (l.unit === "A" ? decimal(x, 0) : kw(x, 1));

const unitOf = (l: NodeLimitView): string => (l.unit === "A" ? "A" : say.unitKw);

/* "L2 96 of 125 A, Rating": currents, their imbalance, and export, where these are limited. */
function Channel({ limit, node }: { limit: NodeLimitView; node: NodeView }) {
	const most = limit.limit ?? 0;
	const isFull = node.binds.includes(limit.what);
	const isReading = limit.load_source !== "bounded" && limit.load_source !== "worst-case";
	const isOver = limit.load !== undefined && isReading && limit.load > most;
	const words = limit.load === undefined ? say.atMost(show(limit, most), unitOf(limit))
		: say.ofLimit(show(limit, limit.load), show(limit, most), unitOf(limit));
	return (
		<li class={isFull || isOver ? "channel full" : "channel"} data-channel={limit.what}>
			<span class="what">{say.channels[limit.what] ?? limit.what}</span>
			<span><Bar value={limit.load === undefined || most === 0 ? undefined : (100 * limit.load) / most} notch={100}
				tone={isOver ? "over" : "power"} /></span>
			<span>{isFull && <Icon name="bind" size={14} />} {words}
				{limit.load_source !== undefined && limit.load_source !== "meter" && <span class="cap"> {say.loadSources[limit.load_source] ?? limit.load_source}</span>}</span>
			<span class="cap">
				{limit.source !== undefined && limitOwner(limit.source)}
				{limit.since !== undefined && `, ${say.sinceTime(clockNear(Date.parse(limit.since), now.value, zone.value))}`}
			</span>
		</li>
	);
}

/* Below a node's row: its phases. Those without a limit stand in one line. */
function Channels({ node }: { node: NodeView }) {
	const limited = node.limits.filter((l) => l.limit !== undefined);
	const free = node.limits.filter((l) => l.limit === undefined && l.load !== undefined);
	if (limited.length + free.length === 0 && !node.bears) return null;
	return (
		<tr role="row" class="channels">
			<td role="cell" colSpan={8} aria-colspan={8}>
				{node.bears && <p class="st risk small"><Icon name="risk" size={14} /> {say.bears}</p>}
				<ul>{limited.map((l) => <Channel key={l.what} limit={l} node={node} />)}</ul>
				{free.length > 0 && (
					<p class="cap">
						{free.map((l) => `${say.channels[l.what] ?? l.what} ${show(l, l.load!)}\u202f${unitOf(l)}`).join(", ")}
						{`, ${say.noLimit}`}
					</p>
				)}
			</td>
		</tr>
	);
}

const Row = memo(function Row({ node, depth, digits, held, evses, meter }: RowProps) {
	const source: Source = node.load_source === "sum" ? "evse" : "meter";
	const isOld = useIsOld(node.load_at, source);
	const limit = node.limit_w;
	const load = node.load_w;
	const used = load !== undefined && load >= 0 && limit ? (100 * load) / limit : undefined;
	const over = load !== undefined && limit !== undefined && load > limit ? load - limit : 0;
	const tone = over > 0 ? "over" : node.kind === "load" ? "base" : "power";
	return (
		<>
		<tr role="row" data-row data-node={node.id} tabIndex={-1} class={over > 0 ? "tint-miss" : ""}>
			<th role="rowheader" scope="row" class={`c-name depth-${Math.min(depth, 5)}`}>
				<Elbow depth={depth} />
				<span class={depth < 2 ? "b" : ""}>{node.name || node.id}</span>
				{(held > 0 || node.binds.length > 0) && (
					<span class="tag plain">
						<Icon name="bind" size={14} /> {held > 0 ? say.holdsBack(held) : say.bindsTag}
						{node.binds_since !== undefined && `, ${say.sinceTime(clockNear(Date.parse(node.binds_since), now.value, zone.value))}`}
					</span>
				)}
				{over > 0 && (
					<span class="tag miss"><Icon name="miss" size={14} /> {say.overBy(kw(over, digits))}</span>
				)}
			</th>
			<td role="cell" class="c-bar">
				<Bar value={used ?? (load === undefined ? undefined : 0)} notch={limit === undefined ? undefined : 100}
					tone={tone} isOld={isOld} />
			</td>
			<td role="cell" class="c-load n">
				<Reading at={node.load_at} source={source} isAgeShown={false}>
					<b>{load === undefined ? say.unknown : kw(load, digits)}</b>
				</Reading>
				{limit !== undefined
					? <span class="u"> {say.ofKw(kw(limit, digits))}</span>
					: load !== undefined && <Unit>{say.unitKw}</Unit>}
				{load !== undefined && load < 0 && <span class="cap why">{say.feedsIn}</span>}
			</td>
			<td role="cell" class="c-used n">{used === undefined ? "" : <>{pct(used)}<Unit>{say.unitPct}</Unit></>}</td>
			<td role="cell" class="c-owner">
				{limit === undefined ? say.noLimit : limitOwner(node.limit_source)}
				{limit !== undefined && node.limit_since !== undefined && (
					<span class="cap why">{say.sinceTime(clockNear(Date.parse(node.limit_since), now.value, zone.value))}</span>
				)}
			</td>
			<td role="cell" class="c-note cap">
				{evses > 0 || node.allowed_w > 0 || node.evse_w > 0
					? say.nodeNote(kw(node.evse_w, digits), kw(node.allowed_w, digits))
					: node.kind === "storage" ? "" : say.notControlled}
			</td>
			<td role="cell" class="c-by"><Measured node={node} meter={meter} /></td>
			<td role="cell" class="c-age n"><Age at={node.load_at} source={source} /></td>
		</tr>
			<Channels node={node} />
		</>
	);
});

export function Tree() {
	const data = overview.value;
	if (!data) return null;
	const rows = treeRows(data.tree.nodes);
	const held = heldBackBy(data.stations);
	const totals = evseTotals(data.tree.nodes, data.stations);
	const meters = new Map(data.meters.map((m) => [m.id, m.name || m.id] as const));
	const digits = (rows[0]?.node.limit_w ?? 0) >= 100_000 ? 0 : 1;
	const heads: [string, string][] = [
		[say.point, "h-name"], [say.loadAndLimit, "h-bar"], [say.unitKw, "h-load n"], [say.used, "h-used n"],
		[say.limitFrom, "h-owner"], [say.note, "h-note"], [say.measuredBy, "h-by"], [say.age, "h-age n"],
	];
	return (
		<Panel id="tree" title={say.treeTitle} caption={say.treeSub} end={<SaveTable of="tree" />}>
			{rows.length === 0 ? <Empty title={say.treeEmpty} /> : (
				<table role="table" class="cards tree" aria-labelledby="tree-h">
					<thead role="rowgroup"><tr role="row">
						{heads.map(([text, kind]) => (
							<th key={text} role="columnheader" scope="col" class={kind}>{text}</th>
						))}
					</tr></thead>
					<tbody role="rowgroup">
						{rows.map(({ node, depth }) => (
							<Row key={node.id} node={node} depth={depth} digits={digits} held={held.get(node.id) ?? 0}
								evses={totals.get(node.id) ?? 0}
								meter={node.meter === undefined ? undefined : meters.get(node.meter)} />
						))}
					</tbody>
				</table>
			)}
		</Panel>
	);
}
