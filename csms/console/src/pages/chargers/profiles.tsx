/*
 * Charging profiles that the charger is believed to hold, and whether it says the same.
 */
import type { HeldProfile, HeldProfileList } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockNear, decimal, duration, kw } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { now, zone } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";

interface Period {
	startPeriod?: number;
	limit?: number;
}

interface Schedule {
	chargingRateUnit?: string;
	duration?: number;
	chargingSchedulePeriod?: Period[];
}

/* "16 A", "11 kW, then 4.1 kW after 15 min". */
function gist(p: HeldProfile): string {
	const schedules = (p.profile as { chargingSchedule?: Schedule | Schedule[] } | undefined)?.chargingSchedule;
	const s = Array.isArray(schedules) ? schedules[0] : schedules;
	const list = s?.chargingSchedulePeriod ?? [];
	const limit = (x: Period) => (typeof x.limit !== "number" ? say.unknown
		: s?.chargingRateUnit === "A" ? `${decimal(x.limit, 1)}\u202fA` : `${kw(x.limit, 1)}\u202f${say.unitKw}`);
	const words = list.slice(0, 3).map((x, i) => (i === 0 ? limit(x) : say.thenAfter(limit(x), duration(x.startPeriod ?? 0))));
	return words.join(", ") + (list.length > 3 ? ` ${say.andMore(list.length - 3)}` : "");
}

export const Profiles = memo(function Profiles({ id }: { id: string }) {
	const asked = useAsked<HeldProfileList>(`/stations/${encodeURIComponent(id)}/profiles`, 10_000);
	const list = asked.data?.profiles ?? [];
	const checked = asked.data?.checked_at;
	const heads: [string, string][] = [
		[say.evse, "h-evse"], [say.purposeWord, "h-name"], [say.limitWord, "h-value"], [say.ownerWord, "h-by"], [say.sinceHead, "h-at n"],
	];
	return (
		<Panel id="profiles" title={say.profilesTitle} caption={asked.data && say.profilesChecked(
			say.profileChecks[asked.data.checked] ?? asked.data.checked, checked === undefined ? undefined : clockNear(Date.parse(checked), now.peek(), zone.value))}>
			<Answer of={asked} />
			{asked.data?.differences.map((d) => <p key={d} class="pad-line st risk">{d}</p>)}
			{asked.data && list.length === 0 && <Empty title={say.profilesNone} />}
			{list.length > 0 && (
				<table role="table" class="cards dense profiles" aria-labelledby="profiles-h">
					<thead role="rowgroup"><tr role="row">{heads.map(([name, kind]) => <th key={kind} role="columnheader" scope="col" class={kind}>{name}</th>)}</tr></thead>
					<tbody role="rowgroup">
						{list.map((p) => (
							<tr role="row" key={`${p.evse} ${p.id}`} data-row data-profile={p.id} tabIndex={-1}>
								<td role="cell" class="c-evse">{p.evse === 0 ? say.wholeCharger : p.evse}</td>
								<th role="rowheader" scope="row" class="c-name">{p.purpose} <span class="cap">{say.stackLevel(p.stack_level)}, {p.kind}</span></th>
								<td role="cell" class="c-value">{gist(p)}</td>
								<td role="cell" class="c-by">{p.owner ?? say.foundThere}</td>
								<td role="cell" class="c-at n"><span class="cap">{clockNear(Date.parse(p.at), now.peek(), zone.value)}</span></td>
							</tr>
						))}
					</tbody>
				</table>
			)}
		</Panel>
	);
});
