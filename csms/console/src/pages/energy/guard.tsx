/*
 * What the guard does now beyond limits: nodes without a fresh measurement and what that costs, the
 * open demand window, power that returns, the island.
 */
import type { DemandView, GuardView, IslandView, TierView } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { clock, duration, kw, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Bar } from "../../ui/bar.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Panel } from "../../ui/panel.tsx";

const nameOf = (id: string): string => overview.value?.tree.nodes.find((n) => n.id === id)?.name || id;

function Tiers({ tiers }: { tiers: TierView[] }) {
	return (
		<Panel id="tiers" title={say.tiersTitle} caption={say.tiersSub}>
			<ul class="tests">
				{tiers.map((t) => (
					<li key={t.node} class="test tint-risk" data-tier={t.node}>
						<span class="st risk"><Icon name="risk" /></span>
						<div class="grow">
							<b>{nameOf(t.node)}</b>
							<p>{say.tierWords[t.counts_as] ?? t.counts_as}, {duration(t.for_s)}</p>
							<p class="cap">{t.cost_w > 0 ? say.tierCosts(kw(t.cost_w)) : say.tierFree}</p>
						</div>
					</li>
				))}
			</ul>
		</Panel>
	);
}

function Demand({ d }: { d: DemandView }) {
	const left = Math.max(0, Date.parse(d.window_end) - now.value) / 1000;
	const most = Math.max(d.target_w, d.projected_w, 1);
	const times = say.fromTo(clock(Date.parse(d.window), zone.value), clock(Date.parse(d.window_end), zone.value));
	return (
		<Panel id={`demand-${d.node}`} title={say.demandTitle} caption={`${nameOf(d.node)}, ${say.left(duration(left))}`}>
			<div class="pad" data-demand={d.node}>
				<p><b class="big">{kw(d.projected_w, 0)}{"\u202f"}{say.unitKw}</b> {say.demandExpected(times, kw(d.target_w, 0))}</p>
				<Bar value={(100 * d.mean_w) / most} planned={(100 * d.projected_w) / most} notch={(100 * d.target_w) / most}
					tone={d.projected_w > d.target_w ? "over" : "power"} />
				<p class="cap">{say.demandSoFar(kw(d.mean_w, 0), kw(d.allowed_w, 0))} {d.missing_s > 0 && say.demandMissing(duration(d.missing_s))}</p>
				{d.in_danger && <p class="st miss"><Icon name="miss" /> {say.demandDanger}</p>}
			</div>
		</Panel>
	);
}

function storesWords(i: IslandView): string {
	if (i.energy_wh === undefined) return say.notTold;
	const held = say.storesHold(kwh(i.energy_wh), kwh(i.reserve_wh));
	return i.stores_silent > 0 ? `${held} ${say.storesUntold}` : held;
}

function Events({ guard }: { guard: GuardView }) {
	const island = guard.island && guard.island.state !== "grid" ? guard.island : undefined;
	if (!island && guard.returns.length === 0) return null;
	return (
		<Panel id="returns" title={say.returnsTitle}>
			{island && <p class="pad-line">{say.islandNow(say.islandStates[island.state] ?? island.state, duration(island.for_s), kw(island.feed_w), kw(island.evse_w))}</p>}
			{island && <p class="pad-line cap">{storesWords(island)}</p>}
			{guard.returns.map((r) => (
				<p key={r.node} class="pad-line">{say.returning(nameOf(r.node), r.released, r.waiting, duration(r.next_s))}</p>
			))}
		</Panel>
	);
}

export function Guard() {
	const asked = useAsked<GuardView>("/guard", 2000);
	const guard = asked.data;
	if (!guard) return asked.error === undefined ? null : <Panel id="tiers" title={say.tiersTitle}><Answer of={asked} /></Panel>;
	const old = guard.tiers.filter((t) => t.tier !== "fresh");
	return (
		<>
			{old.length > 0 && <Tiers tiers={old} />}
			<Events guard={guard} />
			{guard.demand.map((d) => <Demand key={d.node} d={d} />)}
		</>
	);
}
