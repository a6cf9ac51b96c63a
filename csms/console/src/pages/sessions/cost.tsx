/* What a session cost: expected against actual, by the parts of the tariff. */
import type { EnergyCostReplay, SessionCourse, TransactionDetail } from "../../api/types_sessions.ts";
import { useAsked } from "../../lib/ask.ts";
import { decimal, duration, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { costParts } from "../../store/sessions.ts";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { money } from "./list.tsx";
import { w } from "./words.ts";

/* Only what has ended is reckoned again: until it is known whether it has, nobody is asked. */
const replayOf = (detail: TransactionDetail | undefined): string | undefined => (!detail || detail.transaction.state === "open" ? undefined
	: `/costs/${encodeURIComponent(detail.transaction.station)}/${encodeURIComponent(detail.transaction.id)}`);

export function Cost({ course, detail }: { course: SessionCourse; detail: TransactionDetail | undefined }) {
	const replay = useAsked<EnergyCostReplay>(replayOf(detail), 60_000);
	const has = course.energy_cost !== undefined || course.estimate_cost !== undefined;
	const parts = costParts(replay.data?.slots ?? []);
	const currency = course.currency ?? replay.data?.currency;
	const sum = course.energy_cost === undefined ? undefined : course.energy_cost + (course.idle_cost ?? 0);
	return (
		<Panel id="cost" title={w.costTitle} caption={course.tariff !== undefined && w.costBy(course.tariff)}>
			{replay.error !== undefined && replay.status !== 404 && <Answer of={replay} />}
			{!has && <Empty title={w.costNone}>{w.costNoneWhy}</Empty>}
			{has && (
				<div class="scroll" tabIndex={0} role="group" aria-label={w.costTitle}><table class="dense cost">
					<thead><tr>
						<th scope="col">{w.part}</th><th scope="col" class="n">{w.energy}</th><th scope="col" class="n">{w.actual}</th>
					</tr></thead>
					<tbody>
						{parts.map((p) => (
							<tr key={p.price} data-part>
								<th scope="row">{w.partPrice(`${decimal(p.price * 100, 1)}\u202fct/${say.unitKwh}`)}</th>
								<td class="n">{kwh(p.wh)}{"\u202f"}{say.unitKwh}</td><td class="n">{money(p.amount, currency)}</td>
							</tr>
						))}
						{(course.idle_cost ?? 0) > 0 && (
							<tr><th scope="row">{w.partIdle}</th><td class="n">{duration(course.idle_s ?? 0)}</td><td class="n">{money(course.idle_cost!, currency)}</td></tr>
						)}
						{(course.carbon_cost ?? 0) > 0 && (
							<tr><th scope="row" class="u">{w.partCarbon}</th><td /><td class="n u">{money(course.carbon_cost!, currency)}</td></tr>
						)}
						<tr class="whole">
							<th scope="row">{w.total}</th><td />
							<td class="n">{sum === undefined ? w.notYet : <b>{money(sum, currency)}</b>}</td>
						</tr>
						{course.estimate_cost !== undefined && (
							<tr data-expected>
								<th scope="row">{w.expected}</th><td class="n">{kwh((course.estimate_kwh ?? 0) * 1000)}{"\u202f"}{say.unitKwh}</td>
								<td class="n">≈ {money(course.estimate_cost, currency)}</td>
							</tr>
						)}
					</tbody>
				</table></div>
			)}
			{has && (
				<p class="pad-line cap">
					{course.price_source !== undefined && `${w.sources(w.priceSources[course.price_source] ?? course.price_source)} `}
					{(course.carbon_cost ?? 0) > 0 && parts.length > 0 && `${w.withCarbon} `}
					{replay.data?.settled_cost !== undefined && (replay.data.agrees ? w.agrees : w.disagrees)}
				</p>
			)}
		</Panel>
	);
}
