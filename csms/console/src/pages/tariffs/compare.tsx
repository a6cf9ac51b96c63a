/* The last month's energy by two tariffs, and past nights planned by the other. */
import { useState } from "preact/hooks";
import type { Bill, TariffView } from "../../api/types_tariffs.ts";
import type { WhatIf } from "../../api/types.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { decimal, pct } from "../../lib/format.ts";
import { fromLocal } from "../../lib/local_clock.ts";
import { now, zone } from "../../store/store.ts";
import { lastMonth } from "../../store/tariffs.ts";
import { Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Panel } from "../../ui/panel.tsx";
import { w } from "./words.ts";

const sumOf = (b: Bill | undefined) => (b === undefined ? "" : `${decimal(b.total, 2)}\u202f${b.currency}`);

function verdict(mine: Bill, other: Bill): string {
	const more = other.total - mine.total;
	if (Math.abs(more) < 0.005) return w.same;
	const sum = `${decimal(Math.abs(more), 2)}\u202f${mine.currency}`;
	return more > 0 ? w.dearer(sum) : w.cheaper(sum);
}

export function Compare({ tariffs }: { tariffs: readonly TariffView[] }) {
	const force = tariffs.find((t) => t.in_force);
	const others = tariffs.filter((t) => !t.in_force);
	const [picked, pick] = useState("");
	const other = others.find((t) => t.id === picked) ?? others[0];
	const { from, to } = lastMonth(now.peek(), zone.value);
	const span = `from=${encodeURIComponent(fromLocal(from, zone.value) ?? "")}&to=${encodeURIComponent(fromLocal(to, zone.value) ?? "")}`;
	const mine = useAsked<Bill>(force && other && `/bill?${span}`, 600_000);
	const theirs = useAsked<Bill>(force && other && `/bill?${span}&tariff=${encodeURIComponent(other.id)}`, 600_000);
	const { isBusy, error, send } = useCommand();
	const [plans, setPlans] = useState<WhatIf | undefined>(undefined);
	const lines = theirs.data?.lines ?? [];
	const name = (t: TariffView) => t.name || t.id;
	return (
		<Panel id="compare" title={w.compareTitle} caption={w.compareCaption(from.slice(0, 7))}>
			{(!force || !other) && <p class="pad-line">{w.compareNone}</p>}
			{force && other && (
				<div class="pad-line form">
					<label>{w.compareWith}
						<select value={other.id} onChange={(e) => { pick(e.currentTarget.value); setPlans(undefined); }}>
							{others.map((t) => <option key={t.id} value={t.id}>{name(t)}</option>)}
						</select>
					</label>
					<Answer of={mine.error === undefined ? theirs : mine} />
					{mine.error !== undefined && theirs.error !== undefined && mine.error !== theirs.error && <Answer of={theirs} />}
					{mine.data && theirs.data && (
						<p data-verdict><b>{verdict(mine.data, theirs.data)}</b> {name(force)} {sumOf(mine.data)}, {name(other)} {sumOf(theirs.data)}. <span class="cap">{w.measured(`${pct(theirs.data.measured_pct)}\u202f%`)}</span></p>
					)}
				</div>
			)}
			{lines.length > 0 && (
				<table class="dense">
					<thead><tr><th scope="col">{w.line}</th><th scope="col" class="n">{other && name(other)}</th></tr></thead>
					<tbody>
						{lines.map((l) => (
							<tr key={`${l.month} ${l.kind} ${l.name}`}>
								<th scope="row">{w.kinds[l.kind] ?? l.kind}{l.name !== l.kind && l.name !== (w.kinds[l.kind] ?? "").toLowerCase() && ` ${l.name}`} <span class="cap">{decimal(l.quantity, 1)} {l.unit}</span></th>
								<td class="n">{decimal(l.amount, 2)}</td>
							</tr>
						))}
					</tbody>
				</table>
			)}
			{force && other && (
				<div class="pad-line form">
					<p class="cap">{w.plansWhy}</p>
					<div class="acts"><button type="button" class="btn" disabled={isBusy} onClick={() => void send<WhatIf>("POST", "/whatif", { nights: 31, tariff: other.id }).then(setPlans)}>{w.plansToo}</button></div>
					<Failure text={error} />
					{plans && <p role="status">{plans.sentence}</p>}
				</div>
			)}
		</Panel>
	);
}
