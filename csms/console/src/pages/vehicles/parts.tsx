/* Pieces that list and detail share: times, chance, battery, a table of rows. */
import type { ComponentChildren } from "preact";
import type { ReadinessVehicle } from "../../api/types_vehicles.ts";
import type { VehicleView } from "../../api/types.ts";
import { clockNear, duration, pct } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Bar } from "../../ui/bar.tsx";
import { Unit, useIsOld } from "../../ui/reading.tsx";
import { sourceName, w } from "./words.ts";

export const time = (at: string | undefined): ComponentChildren =>
	(at === undefined ? null : <time dateTime={at}>{clockNear(Date.parse(at), now.peek(), zone.value)}</time>);

export const nameOf = (id: string): string => overview.value?.vehicles.find((v) => v.id === id)?.name || id;

/* "98 %", at the ends "< 1 %" and "≥ 99 %". */
export function chanceWords(p: number): string {
	if (p < 0.01) return `< ${pct(1)}\u202f${say.unitPct}`;
	if (p > 0.99) return `≥ ${pct(99)}\u202f${say.unitPct}`;
	return `${pct(p * 100)}\u202f${say.unitPct}`;
}

/* Nothing while it is not known whether the plan has it. */
export function Chance({ of, isKnown }: { of: ReadinessVehicle | undefined; isKnown: boolean }) {
	if (!isKnown) return null;
	if (of === undefined) return <span class="u">{w.chanceNone}</span>;
	return <span title={of.sentence}>{of.about && <><span class="u">{w.about}</span>{" "}</>}<b>{chanceWords(of.probability)}</b></span>;
}

export const place = (v: VehicleView): string => {
	if (v.station === undefined) return w.out;
	return v.evse === undefined ? v.station : say.evseName(v.station, v.evse);
};

export function Battery({ v }: { v: VehicleView }) {
	const isOld = useIsOld(v.soc_at, "battery");
	return (
		<Bar value={v.soc_pct} notch={v.target_pct} planned={v.state === "charging" || v.state === "waits" ? v.target_pct : undefined} isOld={isOld}
			label={say.batteryLabel(v.soc_pct === undefined ? undefined : pct(v.soc_pct), v.target_pct)} />
	);
}

/* "46 → 80 %", with who said it and how long ago. */
export function Charge({ v }: { v: VehicleView }) {
	const isOld = useIsOld(v.soc_at, "battery");
	if (v.soc_pct === undefined || v.soc_at === undefined) {
		return <><span class="u">{say.unknown}</span> → {v.target_pct}<Unit>{say.unitPct}</Unit><span class="cap">{w.neverTold}</span></>;
	}
	const who = sourceName(v.soc_source);
	const age = duration((now.value - Date.parse(v.soc_at)) / 1000);
	return (
		<>
			<span class={isOld ? "stale" : ""}><b>{pct(v.soc_pct)}</b></span> → {v.target_pct}<Unit>{say.unitPct}</Unit>
			<span class={isOld ? "cap stale" : "cap"}>{who === undefined ? w.ageOld(age) : `${who}, ${w.ageOld(age)}`}</span>
		</>
	);
}

interface TableProps {
	id: string; /* of the panel whose heading names it */
	heads: readonly (readonly [string, string])[];
	kind?: string;
	children: ComponentChildren;
}

export function Table({ id, heads, kind, children }: TableProps) {
	return (
		<table role="table" class={`cards rows ${kind ?? ""}`} aria-labelledby={`${id}-h`}>
			<thead role="rowgroup"><tr role="row">
				{heads.map(([text, cls]) => (text === "" ? <td key="acts" role="cell" />
					: <th key={text + cls} role="columnheader" scope="col" class={cls}>{text}</th>))}
			</tr></thead>
			<tbody role="rowgroup">{children}</tbody>
		</table>
	);
}
