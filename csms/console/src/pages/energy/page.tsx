/*
 * Energy: where the site is against its limit, what holds vans back, and where the power goes.
 */
import type { Overview } from "../../api/types.ts";
import { kw } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { bindingNodes, boundBy, heldBackBy, islandNode, rootNode } from "../../store/derive.ts";
import { waits } from "../../store/envelopes.ts";
import { goSection } from "../../store/place.ts";
import { overview } from "../../store/store.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Chart, limitOwner } from "../chart.tsx";
import { Tree } from "../tree.tsx";
import { EnvelopePage } from "./envelope.tsx";
import { Envelopes, PastEnvelopes } from "./envelopes.tsx";
import { Guard } from "./guard.tsx";
import { Limits } from "./limits.tsx";
import { TryLimit } from "./try_form.tsx";

/* "167 kW now. Hall A feeder holds back 2 vans." */
function sentence(data: Overview): string {
	const root = rootNode(data.tree.nodes);
	const now = root?.load_w === undefined ? say.siteUnknown
		: root.load_w < 0 ? say.siteFeedsIn(kw(-root.load_w, 0)) : say.siteNow(kw(root.load_w, 0));
	const island = islandNode(data.tree.nodes);
	if (island) return `${now} ${say.islandFeeds(kw(island.limit_w ?? 0), heldBackBy(data.stations).get(island.id) ?? 0)}`;
	const first = bindingNodes(data.tree.nodes, data.stations)[0];
	const by = first && boundBy(first.node);
	const name = first && `${first.node.name || first.node.id}${by ? ` (${say.channels[by.what] ?? by.what})` : ""}`;
	const held = !first || !name ? say.nothingHolds : first.vans > 0 ? say.nodeHolds(name, first.vans) : say.nodeBinds(name);
	return `${now} ${held}`;
}

/* What waits for an answer leads there; else the limit of the site and its owner. */
function Under({ data }: { data: Overview }) {
	const root = rootNode(data.tree.nodes);
	const waiting = data.envelopes.filter(waits).length;
	if (waiting > 0) {
		return (
			<a href="#envelopes" onClick={(event) => {
				event.preventDefault();
				goSection("envelopes");
			}}>{say.envelopesWait(waiting)}</a>
		);
	}
	const island = islandNode(data.tree.nodes);
	if (island) return <>{say.islandLimit(island.name || island.id, kw(island.limit_w ?? 0))}</>;
	if (root?.limit_w === undefined) return <>{say.siteNoLimit}</>;
	return <>{say.siteLimit(kw(root.limit_w, 0), limitOwner(root.limit_source))}</>;
}

export function Energy({ id }: { id: string | undefined }) {
	const data = overview.value;
	if (!data) return <Skeleton />;
	if (id !== undefined) return <EnvelopePage key={id} id={id} />;
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<h1>{sentence(data)}</h1>
				<p class="sub"><Under data={data} /></p>
			</div>
			<div class="g">
				<div class="stack">
					<Chart />
					<TryLimit />
				</div>
				<div class="stack">
					<Guard />
					<Limits />
				</div>
			</div>
			<Tree />
			<Envelopes />
			<PastEnvelopes />
		</div>
	);
}
