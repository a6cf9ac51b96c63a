/*
 * Registers of a meter as they came, beside what was read of them, once a second.
 */
import { useState } from "preact/hooks";
import type { MeterRegister, MeterRegisters, MeterView, NodeView } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockSeconds, decimal, kw } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { compare, unitOf } from "../../store/meters.ts";
import { zone } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Age, Unit, useIsOld } from "../../ui/reading.tsx";

interface Beside {
	above: MeterView | undefined;
	node: NodeView | undefined;
}

const shown = (quantity: string, value: number): string => {
	const { digits, divisor } = unitOf(quantity);
	return decimal(value / divisor, digits);
};

function Compared({ row, beside }: { row: MeterRegister; beside: Beside }) {
	if (row.quality === "absent") return <span class="u">{say.qualities.absent}</span>;
	if (row.quality === "suspect") {
		return <span class="st risk"><Icon name="risk" /> {say.qualities.suspect}</span>;
	}
	const c = compare(row.quantity, row.value, beside.above, beside.node);
	if (!c) return null;
	const words = c.kind === "evses" ? say.evsesDraw(kw(c.value, 1))
		: say.onMeter(`${shown(row.quantity, c.value)}\u202f${unitOf(row.quantity).unit}`,
			beside.above?.name || beside.above?.id || "");
	return c.isOff ? <span class="st risk"><Icon name="risk" /> {words}</span> : <span class="cap">{words}</span>;
}

function Row({ row, beside }: { row: MeterRegister; beside: Beside }) {
	const c = compare(row.quantity, row.value, beside.above, beside.node);
	const isWrong = row.quality === "suspect" || c?.isOff === true;
	return (
		<tr role="row" class={isWrong ? "tint-risk" : ""} data-register={row.address}>
			<td role="cell" class="mono c-addr">{row.address}</td>
			<td role="cell" class="mono c-words">{row.words}</td>
			<td role="cell" class="mono c-type">{row.type}{row.scale !== 1 && ` ×${row.scale}`}</td>
			<th role="rowheader" scope="row" class="c-name">{say.quantities[row.quantity] ?? row.quantity}</th>
			<td role="cell" class="c-value n">
				{row.value === undefined ? <span class="u">{say.unknown}</span>
					: <><b>{shown(row.quantity, row.value)}</b><Unit>{unitOf(row.quantity).unit}</Unit></>}
			</td>
			<td role="cell" class="c-by"><Compared row={row} beside={beside} /></td>
		</tr>
	);
}

function asText(table: MeterRegisters): string {
	const lines = table.rows.map((r) =>
		[r.address, r.words, r.type, r.scale, r.quantity, r.value ?? "", r.quality].join("\t"));
	return [`${table.id} ${table.map} ${table.at}`, ...lines, ""].join("\n");
}

function Copy({ table }: { table: MeterRegisters }) {
	const [said, setSaid] = useState<string>(say.copyAll);
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(asText(table));
			setSaid(say.copied);
		} catch {
			setSaid(say.notCopied);
		}
		setTimeout(() => setSaid(say.copyAll), 2000);
	};
	return <button type="button" class="btn small" onClick={() => void copy()}>{said}</button>;
}

function Table({ table, beside }: { table: MeterRegisters; beside: Beside }) {
	const isOld = useIsOld(table.at, "meter");
	return (
		<table role="table" class={isOld ? "cards dense registers is-old" : "cards dense registers"} aria-labelledby="registers-h">
			<thead role="rowgroup"><tr role="row">
				<th role="columnheader" scope="col" class="h-addr">{say.register}</th>
				<th role="columnheader" scope="col" class="h-words">{say.rawWords}</th>
				<th role="columnheader" scope="col" class="h-type">{say.type}</th>
				<th role="columnheader" scope="col" class="h-name">{say.meaning}</th>
				<th role="columnheader" scope="col" class="h-value n">{say.value}</th>
				<th role="columnheader" scope="col" class="h-by">{say.compareWith}</th>
			</tr></thead>
			<tbody role="rowgroup">
				{table.rows.map((r, i) => <Row key={`${r.address} ${i}`} row={r} beside={beside} />)}
			</tbody>
		</table>
	);
}

export function Registers({ id, above, node }: { id: string } & Beside) {
	const asked = useAsked<MeterRegisters>(`/meters/${encodeURIComponent(id)}/registers`, 1000);
	const [held, setHeld] = useState<MeterRegisters | undefined>(undefined);
	const table = held ?? asked.data;
	const caption = table && (
		<>
			{held ? say.heldAt(clockSeconds(Date.parse(table.at), zone.value)) : say.readAt(clockSeconds(Date.parse(table.at), zone.value))}
			{" · "}<Age at={table.at} source="meter" /> {" · "}{table.map}
		</>
	);
	return (
		<Panel id="registers" title={say.registersTitle} caption={caption} end={table && (
			<>
				<button type="button" class="btn small" aria-pressed={held !== undefined}
					onClick={() => setHeld(held ? undefined : table)}>{held ? say.goOn : say.hold}</button>
				<Copy table={table} />
			</>
		)}>
			{table?.about && <p class="pad-line">{table.about}</p>}
			{table && <Table table={table} beside={{ above, node }} />}
			<Answer of={asked} />
			{table?.source && <p class="pad-line cap">{say.mapSource(table.source)}</p>}
		</Panel>
	);
}
