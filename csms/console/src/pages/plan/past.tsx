/*
 * Past plans, and what has changed since one of them.
 */
import { useState } from "preact/hooks";
import type { Plan, PlanDiff, PlanDiffRow, PlanItem, PlanItemList } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockNear, decimal, duration, isShort, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, zone } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { money } from "./page.tsx";

const time = (at: string): string => clockNear(Date.parse(at), now.value, zone.value);

function later(s: number | undefined): string {
	if (s === undefined || s === 0) return "";
	return s > 0 ? say.diffLater(duration(s)) : say.diffEarlier(duration(-s));
}

const signed = (wh: number): string => (wh === 0 ? "" : `${wh > 0 ? "+" : "−"}${kwh(Math.abs(wh))}`);

function DiffRow({ r }: { r: PlanDiffRow }) {
	return (
		<tr>
			<th scope="row">{r.vehicle}</th>
			<td>{r.station}/{r.evse}</td>
			<td>{say.diffChange[r.change] ?? r.change}</td>
			<td class="n">{signed(r.planned_wh)}</td>
			<td class="n">{signed(r.short_wh)}</td>
			<td>{later(r.ready_s)}</td>
			<td>{later(r.departs_s)}</td>
		</tr>
	);
}

function Diff({ plan, old }: { plan: Plan; old: PlanItem }) {
	const asked = useAsked<PlanDiff>(`/plans/${encodeURIComponent(plan.id)}/diff?with=${encodeURIComponent(old.id)}`, 3_600_000);
	const { data } = asked;
	return (
		<div class="pad-line" data-diff>
			<h3>{say.diffTitle(time(old.made_at))}</h3>
			<Answer of={asked} />
			{data?.rows.length === 0 && <p>{say.diffSame}</p>}
			{data && plan.cost !== undefined && <p class="sub2">{say.diffCost(money(Math.abs(data.cost), plan.currency), data.cost > 0)}</p>}
			{data && data.rows.length > 0 && (
				<div class="scroll" tabIndex={0} role="region" aria-label={say.diffTitle(time(old.made_at))}>
					<table class="dense">
						<thead><tr>
							<th scope="col">{say.van}</th><th scope="col">{say.bay}</th><th scope="col">{say.state}</th>
							<th scope="col" class="n">{say.diffEnergy}, {say.unitKwh}</th><th scope="col" class="n">{say.planShort}, {say.unitKwh}</th>
							<th scope="col">{say.diffReady}</th><th scope="col">{say.leaves}</th>
						</tr></thead>
						<tbody>{data.rows.map((r) => <DiffRow key={`${r.vehicle} ${r.station} ${r.evse}`} r={r} />)}</tbody>
					</table>
				</div>
			)}
		</div>
	);
}

export function PastPlans({ plan }: { plan: Plan }) {
	const asked = useAsked<PlanItemList>("/plans?limit=30", 30_000);
	const { data } = asked;
	const [picked, setPicked] = useState<PlanItem | undefined>(undefined);
	const list = (data?.plans ?? []).filter((p) => p.id !== plan.id);
	return (
		<Panel id="past-plans" title={say.pastPlans} caption={say.pastPlansSub}>
			<Answer of={asked} />
			{data && list.length === 0 && <Empty title={say.pastNone} />}
			{list.length > 0 && (
				<div class="scroll past" tabIndex={0} role="region" aria-label={say.pastPlansSub}>
					<table class="dense">
						<thead><tr>
							<th scope="col">{say.colTime}</th><th scope="col">{say.pastTrigger}</th><th scope="col" class="n">{say.vansWord}</th>
							<th scope="col" class="n">{say.planShort}, {say.unitKwh}</th><th scope="col" class="n">{say.pastSolve}</th>
						</tr></thead>
						<tbody>
							{list.map((p) => (
								<tr key={p.id} data-past={p.id} class={p.id === picked?.id ? "here-row" : undefined}>
									<th scope="row"><button type="button" class="plain-btn" aria-pressed={p.id === picked?.id} onClick={() => setPicked(p)}>{time(p.made_at)}</button></th>
									<td>{say.planTriggers[p.trigger] ?? p.trigger}</td>
									<td class="n">{p.vehicles}</td>
									<td class="n">{isShort(p.short_wh) ? kwh(p.short_wh) : ""}</td>
									<td class="n">{decimal(p.solve_us / 1000, 1)}{"\u202f"}ms</td>
								</tr>
							))}
						</tbody>
					</table>
				</div>
			)}
			{picked && <Diff plan={plan} old={picked} />}
		</Panel>
	);
}
