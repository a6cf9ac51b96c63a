/*
 * Meters, for the electrician: is each right, and if not, which wire?
 */
import type { Overview, WiringView } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { say } from "../../messages/say.ts";
import { meterRows, type MeterRow } from "../../store/meters.ts";
import { overview } from "../../store/store.ts";
import { Link } from "../../ui/link.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { MeterDetail } from "./detail.tsx";
import { MeterList } from "./list.tsx";
import { Scan } from "./scan.tsx";
import { Walk } from "./walk.tsx";
import { Wiring } from "./wiring.tsx";

function All({ data, rows }: { data: Overview; rows: MeterRow[] }) {
	const wiring = useAsked<WiringView>("/meters/wiring", 10_000);
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<h1>{data.meters_sentence}</h1>
				<p class="sub">{data.meters_sub}</p>
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
	if (id === undefined) return <All data={data} rows={rows} />;
	const row = rows.find((r) => r.id === id && r.meter);
	if (row) return <MeterDetail key={id} row={row} rows={rows} />;
	return (
		<div class="page">
			<div class="say"><h1>{say.noSuchMeter}</h1><p class="sub"><Link to="/meters">{say.allMeters}</Link></p></div>
		</div>
	);
}
