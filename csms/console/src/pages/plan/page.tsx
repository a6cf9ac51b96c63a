/*
 * Plan: when each van charges, why not now, and what a change would bring.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Plan, PlanItemList } from "../../api/types.ts";
import { type Asked, useAsked } from "../../lib/ask.ts";
import { clockSeconds, decimal, isShort, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { note, planPath } from "../../store/place.ts";
import { byDeparture, planKey } from "../../store/plan.ts";
import { zone } from "../../store/store.ts";
import { Answer, AnswerPage } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { Followed } from "./followed.tsx";
import { Gantt } from "./gantt.tsx";
import { Modes } from "./modes.tsx";
import { PastPlans } from "./past.tsx";
import { Why } from "./why.tsx";

export const money = (amount: number, currency: string | undefined): string => (currency === undefined
	? decimal(amount, 2) : `${currency}\u202f${decimal(amount, 2)}`);

/* What it costs, and how near it is to the best there is. */
function under(plan: Plan): string {
	const said = [say.planMade(clockSeconds(Date.parse(plan.made_at), zone.value), say.planTriggers[plan.trigger] ?? plan.trigger)];
	if (plan.cost !== undefined) {
		const peak = plan.demand_cost ? money(plan.demand_cost, plan.currency) : undefined;
		said.push(say.planCost(money(plan.cost, plan.currency), peak));
	}
	if (plan.method === "rule") said.push(say.planRule);
	else if (plan.gap === undefined || plan.gap < 0) said.push(say.planGapUnknown);
	else {
		if (isShort(plan.gap_wh ?? 0)) said.push(say.planGapEnergy(kwh(plan.gap_wh!)));
		if (plan.gap >= 0.005) said.push(say.planGap(money(plan.gap, plan.currency)));
		else if (!isShort(plan.gap_wh ?? 0)) said.push(say.planBest);
	}
	return said.join(" ");
}

const slotOfAddress = (): number | undefined => {
	const at = Date.parse(new URLSearchParams(location.search).get("slot") ?? "");
	return Number.isNaN(at) ? undefined : at;
};

/* The plan in force; asked for anew when there is another one. */
function usePlan(): { asked: Asked<Plan>; newer: Asked<PlanItemList> } {
	const newer = useAsked<PlanItemList>("/plans?limit=1", 3000);
	const newest = newer.data?.plans[0]?.id;
	const asked = useAsked<Plan>("/plan", 3_600_000);
	useEffect(() => {
		if (newest !== undefined && asked.data !== undefined && newest !== asked.data.id) asked.again();
	}, [newest]);
	return { asked, newer };
}

export function PlanPage({ id }: { id: string | undefined }) {
	const { asked, newer } = usePlan();
	const { data: plan, again } = asked;
	const [slot, setSlot] = useState(slotOfAddress);
	/* The same ones for all time: rows that did not change are not drawn again. */
	const latest = useRef(id);
	latest.current = id;
	const pick = useCallback((van: string, at: number | undefined) => {
		setSlot(at);
		note(planPath(van, at));
	}, []);
	const close = useCallback(() => {
		const left = latest.current ?? "";
		setSlot(undefined);
		note("/plan");
		requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-plan="${CSS.escape(left)}"]`)?.focus());
	}, []);
	const rows = useMemo(() => (plan ? byDeparture(plan) : []), [plan]);
	if (!plan) return <AnswerPage of={asked} name={say.pagePlan}>{() => null}</AnswerPage>;
	const picked = rows.find((v) => planKey(v) === id);
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<h1>{plan.sentence}</h1>
				{plan.id !== "" && <p class="sub">{under(plan)}</p>}
			</div>
			{newer.error !== undefined && <Answer of={{ ...newer, data: plan }} />}
			<Followed followed={plan.followed} onAnswer={again} />
			{rows.length === 0 ? (
				<Panel id="gantt" title={say.pagePlan}><Empty title={say.planNone}>{say.planNoneWhy}</Empty></Panel>
			) : (
				<div class={picked ? "g" : "stack"}>
					<Gantt plan={plan} rows={rows} picked={picked && planKey(picked)} slot={slot} onPick={pick} onClose={close} />
					{picked && <Why key={planKey(picked)} plan={plan} van={picked} slot={slot} onClose={close} />}
				</div>
			)}
			<Modes followed={plan.followed} onChange={again} />
			<PastPlans plan={plan} />
		</div>
	);
}
