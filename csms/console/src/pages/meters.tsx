/*
 * Meters at a glance: does each answer, what does it read, how quick is its link.
 */
import type { MeterView } from "../api/types.ts";
import { decimal, kw } from "../lib/format.ts";
import { memo } from "../lib/memo.ts";
import { en } from "../messages/en.ts";
import { overview } from "../store/store.ts";
import { Icon } from "../ui/icons.tsx";
import { Empty, Panel } from "../ui/panel.tsx";
import { Age, Reading, Unit } from "../ui/reading.tsx";

const Item = memo(function Item({ meter, nodeName }: { meter: MeterView; nodeName: string | undefined }) {
	const lost = meter.timeouts + meter.exceptions + meter.errors;
	const list = (values: number[]) => values.map((x) => decimal(x, 1)).join(" · ");
	return (
		<li class="meter" data-row data-meter={meter.id} tabIndex={-1}>
			<div class="line">
				<span class={meter.ok ? "st ok" : "st risk"}>
					<Icon name={meter.ok ? "ok" : "risk"} />
					<span class="vh">{meter.ok ? en.meterAnswers : en.meterSilent}</span>
				</span>
				<span class="grow"><b>{meter.name || meter.id}</b> {nodeName !== undefined && <span class="u">{nodeName}</span>}</span>
				<Reading at={meter.at} source="meter" isAgeShown={false}>
					{meter.power_w === undefined ? en.unknown : <>{kw(meter.power_w, 1)}<Unit>{en.unitKw}</Unit></>}
				</Reading>
			</div>
			<div class="cap">
				{!meter.ok && <b>{en.meterSilent}. {meter.last_error}</b>}
				<span><Age at={meter.at} source="meter" /> · {meter.link}</span>
				<span>{en.meterLink(decimal(meter.latency_ms, 0), decimal(meter.latency_max_ms, 0))}</span>
				<span>{en.meterPolls(decimal(meter.polls, 0), decimal(lost, 0))}</span>
				{meter.currents_a.length > 0 && <span>{en.current} {list(meter.currents_a)}</span>}
				{meter.voltages_v.length > 0 && <span>{en.voltage} {list(meter.voltages_v)}</span>}
			</div>
		</li>
	);
});

export function Meters() {
	const data = overview.value;
	if (!data) return null;
	const nodes = new Map(data.tree.nodes.map((n) => [n.id, n.name || n.id] as const));
	return (
		<Panel id="meters" title={en.metersTitle}>
			{data.meters.length === 0 ? <Empty title={en.metersEmpty}>{en.metersEmptyWhy}</Empty> : (
				<ul class="meters">
					{data.meters.map((m) => (
						<Item key={m.id} meter={m} nodeName={m.node === undefined ? undefined : nodes.get(m.node)} />
					))}
				</ul>
			)}
		</Panel>
	);
}
