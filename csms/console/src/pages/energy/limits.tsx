/*
 * All limits on one node, now and to come: whose each is, which is in force, since and until when,
 * and how long it is known.
 */
import { useState } from "preact/hooks";
import type { NodeLimit, NodeLimits } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockNear, decimal, duration, kw } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { islandNode, treeRows } from "../../store/derive.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Icon, type IconName } from "../../ui/icons.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { limitOwner } from "../chart.tsx";

const ICON: Record<string, IconName> = {
	"in-force": "bind", "to-come": "wait", beaten: "closed", "stands-by": "wait", waits: "unk",
};

export const span = (from: string | undefined, to: string | undefined): string => {
	const at = (x: string) => clockNear(Date.parse(x), now.value, zone.value);
	if (from === undefined && to === undefined) return say.always;
	if (to === undefined) return say.fromOn(at(from!));
	return from === undefined ? say.untilAt(at(to)) : say.fromTo(at(from), at(to));
};

const amount = (l: NodeLimit): string => (l.quantity === "phase"
	? say.perPhase(decimal(l.limit / 1000, l.limit % 1000 === 0 ? 0 : 1))
	: `${kw(l.limit)}\u202f${say.unitKw}`);

function Row({ l }: { l: NodeLimit }) {
	const owner = l.owner === undefined ? limitOwner(l.source) : say.sourceOwner(limitOwner(l.source), l.owner);
	return (
		<li class={l.state === "in-force" ? "limit force" : "limit"} data-limit={`${l.quantity} ${l.source} ${l.state}`}>
			<span class="st plain"><Icon name={ICON[l.state] ?? "unk"} /></span>
			<div class="grow">
				<div class="line"><b>{amount(l)}</b> <span class="u">{say.limitQuantities[l.quantity] ?? l.quantity}</span> <span class="grow owner">{owner}</span></div>
				<div class="cap">
					{l.beaten_by !== undefined && l.beaten_why === "priority" ? say.beatenBy(limitOwner(l.beaten_by), l.beaten_why)
						: <>{say.limitStates[l.state] ?? l.state}{l.beaten_by !== undefined && ` ${say.by(limitOwner(l.beaten_by))}`}</>}
					{", "}{span(l.since, l.until)}
					{l.age_s !== undefined && `, ${say.knownFor(duration(l.age_s))}`}
				</div>
			</div>
		</li>
	);
}

export function Limits() {
	const nodes = treeRows(overview.value?.tree.nodes ?? []);
	const [picked, setPicked] = useState<string | undefined>(undefined);
	const first = islandNode(nodes.map((r) => r.node)) ?? nodes.find((r) => r.node.limit_w !== undefined)?.node ?? nodes[0]?.node;
	const id = nodes.some((r) => r.node.id === picked) ? picked : first?.id;
	const asked = useAsked<NodeLimits>(id === undefined ? undefined : `/nodes/${encodeURIComponent(id)}/limits`, 5000);
	return (
		<Panel id="limits" title={say.limitsTitle} end={nodes.length > 1 && (
			<select class="pick" aria-label={say.limitsOf} value={id} onChange={(e) => setPicked(e.currentTarget.value)}>
				{nodes.map(({ node, depth }) => <option key={node.id} value={node.id}>{"\u2003".repeat(depth)}{node.name || node.id}</option>)}
			</select>
		)}>
			<Answer of={asked} />
			{asked.data?.limits.length === 0 && <Empty title={say.noLimit} />}
			<ul>{asked.data?.limits.map((l, i) => <Row key={`${l.quantity} ${l.envelope ?? l.source} ${l.since ?? i}`} l={l} />)}</ul>
		</Panel>
	);
}
