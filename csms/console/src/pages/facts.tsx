/*
 * What the night still costs: three figures beside the first sentence, by the brief form of the plan.
 */
import type { Plan } from "../api/types.ts";
import { useAsked } from "../lib/ask.ts";
import { decimal, kwh } from "../lib/format.ts";
import { say } from "../messages/say.ts";
import { Answer } from "../ui/answer.tsx";
import { Unit } from "../ui/reading.tsx";
import { money } from "./plan/page.tsx";

const EVERY_MS = 15_000;
const LEAST_WH = 50; /* less shows as nothing */
const LEAST_SAVED = 0.005;

/* Figures of a plan that chargers do not go by are none of the night. */
const isFollowed = ({ followed }: Plan): boolean => followed.late_since === undefined && followed.modes.every((m) => m.mode === "automatic");

/* Money a kWh as people know it: in cents where the currency is known to have them. */
function perKwh(plan: Plan): string {
	const each = plan.cost! / (plan.planned_wh! / 1000);
	return plan.currency === "EUR" ? say.factCents(decimal(100 * each, 1)) : say.factEach(money(each, plan.currency));
}

export function Facts() {
	const asked = useAsked<Plan>("/plan?brief=1", EVERY_MS), { data: plan } = asked;
	/* No plan yet, or not for this role, is no failure: there are no figures. */
	if (asked.error !== undefined && asked.status !== 403 && asked.status !== 409) return <Answer of={asked} />;
	if (!plan || !isFollowed(plan) || (plan.planned_wh ?? 0) < LEAST_WH) return null;
	const cost = plan.cost === undefined ? undefined : plan.cost + (plan.demand_cost ?? 0);
	const saved = cost === undefined || plan.at_once_cost === undefined ? 0 : plan.at_once_cost - cost;
	return (
		<dl class="night" aria-label={say.facts}>
			{cost !== undefined && (
				<div data-fact="cost"><dt>{plan.demand_cost ? say.factCostPeak : say.factCost}</dt><dd>{money(cost, plan.currency)}</dd></div>
			)}
			<div data-fact="energy"><dt>{cost === undefined ? say.factEnergy : perKwh(plan)}</dt><dd>{kwh(plan.planned_wh!)}<Unit>{say.unitKwh}</Unit></dd></div>
			{saved >= LEAST_SAVED && (
				<div data-fact="saved"><dt>{say.factAtOnce}</dt><dd>{say.factLess(money(saved, plan.currency))}</dd></div>
			)}
		</dl>
	);
}
