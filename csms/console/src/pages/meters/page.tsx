/*
 * Meters, for the electrician: is each right, and if not, which wire?
 */
import type { WiringView } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { say } from "../../messages/say.ts";
import { meterRows, type MeterRow, moreThanAbove, verdict, wrongPairs } from "../../store/meters.ts";
import { overview } from "../../store/store.ts";
import { Link } from "../../ui/link.tsx";
import { fresh } from "../../ui/reading.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { MeterDetail } from "./detail.tsx";
import { MeterList, meterName, readAt } from "./list.tsx";
import { Scan } from "./scan.tsx";
import { Walk } from "./walk.tsx";
import { Wiring } from "./wiring.tsx";

/* What is wrong now, the worst first. */
function sentence(rows: readonly MeterRow[], wiring: WiringView | undefined): string {
	const isOld = (r: MeterRow) => fresh(readAt(r), r.meter ? "meter" : "evse").kind === "stale";
	const wanting: string[] = [];
	for (const v of ["silent", "refusing", "doubt", "dark", "old"] as const) {
		const found = rows.filter((r) => verdict(r, isOld(r)) === v);
		if (found.length === 1) wanting.push(say.meterSentence[v](meterName(found[0]!)));
		if (found.length > 1) wanting.push(say.metersSentence[v](found.length));
	}
	if (wanting.length > 0) return wanting.join(" ");
	if (rows.length === 0) return say.metersEmpty;
	const data = overview.value;
	const wrong = new Set([...wrongPairs(wiring?.pairs ?? []).map((p) => p.lower), ...(wiring?.meters ?? []).map((m) => m.meter)]);
	for (const { meter } of rows) {
		if (data && meter && moreThanAbove(data.tree.nodes, data.meters, meter)) wrong.add(meter.id);
	}
	return wrong.size > 0 ? say.wiringSentence(wrong.size) : say.metersSentence.good(rows.length);
}

function All({ rows }: { rows: MeterRow[] }) {
	const wiring = useAsked<WiringView>("/meters/wiring", 10_000);
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<h1>{sentence(rows, wiring.data)}</h1>
				<p class="sub">{say.metersSub}</p>
			</div>
			<MeterList rows={rows} />
			<div class="g-even">
				<Wiring asked={wiring} />
				<div class="stack">
					<Walk />
					<Scan />
				</div>
			</div>
		</div>
	);
}

export function MetersPage({ id }: { id: string | undefined }) {
	const data = overview.value;
	if (!data) return <Skeleton />;
	const rows = meterRows(data.tree.nodes, data.meters);
	if (id === undefined) return <All rows={rows} />;
	const row = rows.find((r) => r.id === id && r.meter);
	if (row) return <MeterDetail key={id} row={row} rows={rows} />;
	return (
		<div class="page">
			<div class="say"><h1>{say.noSuchMeter}</h1><p class="sub"><Link to="/meters">{say.allMeters}</Link></p></div>
		</div>
	);
}
