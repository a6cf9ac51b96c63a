/*
 * Why a van charges when it does: depotd's own sentences, the slot that was picked, each stretch of
 * its plan; and tries of what would change it, which send nothing.
 */
import { useState } from "preact/hooks";
import type { Plan, PlanExplain, PlanStretch, PlanVehicle, WhatIf } from "../../api/types.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { about, clock, decimal, isShort, kw, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { planKey } from "../../store/plan.ts";
import { overview, zone } from "../../store/store.ts";
import { Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Panel } from "../../ui/panel.tsx";
import { limitOwner } from "../chart.tsx";
import { money } from "./page.tsx";

const MORE_W = 20_000;

const nodeName = (id: string): string => overview.value?.tree.nodes.find((n) => n.id === id)?.name ?? id;
const because = (why: string): string => say.whySources[why] ?? limitOwner(why);

/* A price of a kWh, to a tenth of a cent. */
const perKwh = (price: number, currency: string | undefined): string => (currency === undefined
	? decimal(price, 3) : `${currency}\u202f${decimal(price, 3)}`);

function stretchAt(e: PlanExplain | undefined, slot: number | undefined): PlanStretch | undefined {
	return slot === undefined ? undefined : e?.stretches.find((s) => Date.parse(s.from) <= slot && slot < Date.parse(s.to));
}

function title(plan: Plan, van: PlanVehicle, slot: number | undefined): string {
	const name = overview.value?.vehicles.find((v) => v.id === van.id)?.name ?? planKey(van);
	if (slot === undefined) return say.whyVan(name);
	const w = van.slots[Math.floor((slot - Date.parse(plan.start)) / (plan.slot_s * 1000))]?.w ?? 0;
	const [from, to] = [clock(slot, zone.value), clock(slot + plan.slot_s * 1000, zone.value)];
	return w > 0 ? say.whyCharges(name, kw(w), from, to) : say.whyWaits(name, from, to);
}

function Here({ s, currency }: { s: PlanStretch; currency: string | undefined }) {
	return (
		<div class="pad-line" data-slot={s.from}>
			<h3>{say.whyHere}</h3>
			<p class="st plain"><Icon name={s.node === undefined ? "wait" : "bind"} />
				<span>{s.node === undefined ? say.whySource(because(s.why)) : say.whyFull(nodeName(s.node), because(s.why))}</span></p>
			{s.price !== undefined && <p class="sub2">{say.whyPriceNow(perKwh(s.price, currency))}</p>}
		</div>
	);
}

function Facts({ e, currency }: { e: PlanExplain; currency: string | undefined }) {
	const time = (at: string | undefined) => (at === undefined ? undefined : clock(Date.parse(at), zone.value));
	const rows: [string, string | undefined][] = [
		[say.planNeeds, `${about(e)}${kwh(e.need_wh)}\u202f${say.unitKwh}`],
		[say.planGets, `${kwh(e.planned_wh)}\u202f${say.unitKwh}`],
		[say.planShort, isShort(e.short_wh) ? `${about(e)}${kwh(e.short_wh)}\u202f${say.unitKwh}` : undefined],
		[say.readyAt, time(e.ready_at)],
		[say.leaves, time(e.departs_at)],
		[say.whyCost, e.cost === undefined ? undefined : money(e.cost, currency)],
		[say.whyMarginal, e.marginal === undefined ? undefined : say.whyAtMost(perKwh(e.marginal, currency))],
	];
	return (
		<dl class="facts">
			{rows.map(([name, value]) => value !== undefined && <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
		</dl>
	);
}

function Stretches({ e, slot }: { e: PlanExplain; slot: number | undefined }) {
	const here = stretchAt(e, slot);
	return (
		<div class="scroll" tabIndex={0} role="region" aria-label={say.whyStretches}>
			<table class="dense stretches">
				<caption class="vh">{say.whyStretches}</caption>
				<thead><tr>
					<th scope="col">{say.colTime}</th>
					<th scope="col" class="n">{say.unitKw}</th>
					<th scope="col" class="n">{say.whyEnergy}</th>
					<th scope="col">{say.whyReason}</th>
				</tr></thead>
				<tbody>
					{e.stretches.map((s) => (
						<tr key={s.from} class={s === here ? "here-row" : undefined}>
							<th scope="row">{clock(Date.parse(s.from), zone.value)}–{clock(Date.parse(s.to), zone.value)}</th>
							<td class="n">{s.w > 0 ? kw(s.w) : ""}</td>
							<td class="n">{s.energy_wh > 0 ? kwh(s.energy_wh) : ""}</td>
							<td>{s.node === undefined ? because(s.why) : `${nodeName(s.node)}: ${because(s.why)}`}</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

interface Try {
	name: string;
	body: unknown;
}

/* Of the limits that bind this van, and one van more. */
function triesFor(e: PlanExplain | undefined): Try[] {
	const nodes = [...new Set((e?.stretches ?? []).flatMap((s) => (s.node === undefined ? [] : [s.node])))].slice(0, 2);
	return [
		...nodes.map((node) => ({ name: say.tryMore(nodeName(node), kw(MORE_W, 0)), body: { nodes: [{ node, w: MORE_W }], nights: 1 } })),
		{ name: say.tryVans(1), body: { vans: 1, nights: 1 } },
	];
}

function Tries({ e, currency }: { e: PlanExplain | undefined; currency: string | undefined }) {
	const { isBusy, error, send } = useCommand();
	const [result, setResult] = useState<{ name: string; what: WhatIf } | undefined>(undefined);
	const ask = async (t: Try) => {
		const what = await send<WhatIf>("POST", "/whatif", t.body);
		setResult(what && { name: t.name, what });
	};
	return (
		<div class="pad-line tries">
			<h3>{say.tryMoreTitle}</h3>
			<div class="acts">
				{triesFor(e).map((t) => <button key={t.name} type="button" class="btn" disabled={isBusy} onClick={() => void ask(t)}>{t.name}</button>)}
			</div>
			{isBusy && <p class="cap">{say.tryRuns}</p>}
			<Failure text={error} />
			{result && (
				<div role="status" data-tried>
					<p><b>{result.name}</b>: {result.what.sentence}</p>
					{result.what.worth.slice(0, 2).map((x) => <p key={x.node} class="sub2">{say.tryWorth(nodeName(x.node), money(x.worth, currency))}</p>)}
				</div>
			)}
		</div>
	);
}

interface WhyProps {
	plan: Plan;
	van: PlanVehicle;
	slot: number | undefined;
	onClose: () => void;
}

export function Why({ plan, van, slot, onClose }: WhyProps) {
	const of = `/plan/explain?vehicle=${encodeURIComponent(planKey(van))}&plan=${encodeURIComponent(plan.id)}`;
	const asked = useAsked<PlanExplain>(of, 3_600_000);
	const { data } = asked;
	const here = stretchAt(data, slot);
	return (
		<Panel id="why" title={title(plan, van, slot)} end={<button type="button" class="btn small" onClick={onClose}>{say.whyClose}</button>}>
			<Answer of={asked} />
			{here && <Here s={here} currency={plan.currency} />}
			<div class="pad-line" aria-live="polite">{data?.sentences.map((s) => <p key={s}>{s}</p>)}</div>
			{data && <Facts e={data} currency={plan.currency} />}
			{data && <Stretches e={data} slot={slot} />}
			<Tries e={data} currency={plan.currency} />
			<p class="pad-line cap">{say.whyKeys}</p>
		</Panel>
	);
}
