/*
 * The device model as the charger told it: searchable, with what may be written.
 */
import { useEffect, useState } from "preact/hooks";
import type { DeviceVariable, DeviceVariableList } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { csvText, saveFile } from "../../lib/csv.ts";
import { clockNear } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { now, zone } from "../../store/store.ts";
import { Act, isAllowedTo } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import type { Wanted } from "./detail.tsx";

const FIRST = 20;
const ASKED = 500;

const componentOf = (v: DeviceVariable): string => [
	v.component, v.component_instance === undefined ? "" : `[${v.component_instance}]`,
	v.evse === undefined ? "" : ` ${say.evse} ${v.evse}${v.connector === undefined ? "" : `/${v.connector}`}`,
].join("");

const nameOf = (v: DeviceVariable): string =>
	`${v.variable}${v.variable_instance === undefined ? "" : `[${v.variable_instance}]`}${v.attribute === "Actual" ? "" : ` ${v.attribute}`}`;

const ACCESS: Record<string, () => string> = {
	ReadOnly: () => say.readOnly, ReadWrite: () => say.readWrite, WriteOnly: () => say.writeOnly,
};

const isWritable = (v: DeviceVariable): boolean => v.mutability === "ReadWrite" || v.mutability === "WriteOnly";

const target = (v: DeviceVariable) => ({
	component: {
		name: v.component, ...(v.component_instance !== undefined && { instance: v.component_instance }),
		...(v.evse !== undefined && { evse: { id: v.evse, ...(v.connector !== undefined && { connectorId: v.connector }) } }),
	},
	variable: { name: v.variable, ...(v.variable_instance !== undefined && { instance: v.variable_instance }) },
	attributeType: v.attribute,
});

/* A new value beside the old one; the dialog that follows has it checked and sent. */
function Write({ v, want, close }: { v: DeviceVariable; want: (w: Wanted) => void; close: () => void }) {
	const [text, setText] = useState(v.value ?? "");
	const values = v.values?.split(",").map((x) => x.trim()) ?? [];
	const go = () => {
		want({
			offer: { id: "write", action: "SetVariables", payload: { setVariableData: [{ ...target(v), attributeValue: text }] } },
			title: say.writeTitle(`${componentOf(v)} ${nameOf(v)}`), isFixed: true,
			note: <p class="change"><code>{v.value ?? say.unknown}</code> → <code>{text}</code></p>,
		});
		close();
	};
	return (
		<form class="form write" onSubmit={(event) => {
			event.preventDefault();
			go();
		}}>
			<label>{say.newValue}{" "}
				{v.data_type === "OptionList" && values.length > 0 ? (
					<select value={text} onChange={(e) => setText(e.currentTarget.value)}>
						{values.map((x) => <option key={x} value={x}>{x}</option>)}
					</select>
				) : v.data_type === "boolean" ? (
					<select value={text} onChange={(e) => setText(e.currentTarget.value)}>
						<option value="true">true</option><option value="false">false</option>
					</select>
				) : <input maxLength={1000} value={text} spellcheck={false} autocomplete="off" onInput={(e) => setText(e.currentTarget.value)} />}
			</label>
			<p class="cap">{[v.data_type, v.unit, v.min_limit === undefined && v.max_limit === undefined ? "" : say.boundsWord(v.min_limit, v.max_limit), v.values]
				.filter(Boolean).join(", ")}</p>
			<div class="acts">
				<Act to="operate" isOff={text === v.value}>{say.writeVerb}</Act>
				<button type="button" class="btn" onClick={close}>{say.cancel}</button>
			</div>
		</form>
	);
}

function Row({ v, isOff, want }: { v: DeviceVariable; isOff: boolean; want: (w: Wanted) => void }) {
	const [isOpen, setOpen] = useState(false);
	const canWrite = isWritable(v) && isAllowedTo("operate");
	return (
		<tr role="row" data-row data-variable={`${v.component}.${v.variable}`} tabIndex={-1}>
			<th role="rowheader" scope="row" class="c-comp">{componentOf(v)}</th>
			<td role="cell" class="c-vari">{nameOf(v)}</td>
			<td role="cell" class="c-value">
				{isOpen ? <Write v={v} want={want} close={() => setOpen(false)} /> : (
					<>
						{v.value === undefined ? <span class="u">{v.mutability === "WriteOnly" ? say.writeOnly : say.unknown}</span> : <b>{v.value}</b>}
						{v.unit !== undefined && <span class="u">{"\u202f"}{v.unit}</span>}
						{v.pending !== undefined && <span class="cap why">{say.afterBoot(v.pending)}</span>}
					</>
				)}
			</td>
			<td role="cell" class="c-acc">
				{canWrite && !isOpen
					? <button type="button" class="btn small" disabled={isOff} onClick={() => setOpen(true)}
						aria-label={say.writeTitle(`${componentOf(v)} ${nameOf(v)}`)}>{say.writeDots}</button>
					: <span class="cap">{ACCESS[v.mutability ?? ""]?.() ?? ""}</span>}
			</td>
			<td role="cell" class="c-at n">{v.at !== undefined && <span class="cap">{clockNear(Date.parse(v.changed_at ?? v.at), now.peek(), zone.value)}</span>}</td>
		</tr>
	);
}

/* What is typed counts once one stops typing. */
function useSettled(text: string, ms: number): string {
	const [settled, setSettled] = useState(text);
	useEffect(() => {
		const timer = setTimeout(() => setSettled(text), ms);
		return () => clearTimeout(timer);
	}, [text, ms]);
	return settled;
}

function save(id: string, list: readonly DeviceVariable[]): void {
	saveFile(say.variablesCsvName(id), "text/csv", csvText([say.variablesCsv, ...list.map((v) => [
		v.component, v.component_instance, v.evse, v.connector, v.variable, v.variable_instance, v.attribute, v.value, v.unit, v.mutability,
		v.data_type, v.at, v.changed_at,
	])]));
}

interface Props {
	id: string; /* of the charger */
	isOff: boolean;
	want: (w: Wanted) => void;
}

export const Variables = memo(function Variables({ id, isOff, want }: Props) {
	const [text, setText] = useState("");
	const [most, setMost] = useState(FIRST);
	const words = useSettled(text.trim(), 250);
	const asked = useAsked<DeviceVariableList>(
		`/stations/${encodeURIComponent(id)}/variables?limit=${ASKED}${words === "" ? "" : `&text=${encodeURIComponent(words)}`}`, 15_000);
	const all = asked.data?.variables ?? [];
	const at = asked.data?.inventory_at;
	const heads: [string, string][] = [
		[say.componentWord, "h-comp"], [say.variableWord, "h-vari"], [say.value, "h-value"], [say.accessWord, "h-acc"], [say.changedWord, "h-at n"],
	];
	return (
		<Panel id="variables" title={say.deviceModel}
			caption={asked.data && say.variablesCount(all.length, asked.data.next !== undefined, at === undefined ? undefined : clockNear(Date.parse(at), now.peek(), zone.value))}
			end={(
				<>
					<input class="filter" type="search" placeholder={say.filter} aria-label={say.variablesFilter} value={text}
						onInput={(e) => setText(e.currentTarget.value.slice(0, 100))} />
					{all.length > 0 && <button type="button" class="btn small" onClick={() => save(id, all)}>{say.saveCsv}</button>}
					{isAllowedTo("operate") && (
						<Act to="operate" isOff={isOff} onAct={() => want({
							offer: { id: "report", action: "GetBaseReport", payload: { reportBase: "FullInventory" } }, title: `${say.offers.report!.title}: ${id}`,
						})}>{say.readAgain}</Act>
					)}
				</>
			)}>
			<Answer of={asked} />
			{asked.data && all.length === 0 && (words === "" ? <Empty title={say.variablesNone}>{say.variablesNoneWhy}</Empty> : <Empty title={say.variablesNotFound} />)}
			{all.length > 0 && (
				<table role="table" class="cards dense variables" aria-labelledby="variables-h">
					<thead role="rowgroup"><tr role="row">
						{heads.map(([name, kind]) => <th key={kind} role="columnheader" scope="col" class={kind}>{name}</th>)}
					</tr></thead>
					<tbody role="rowgroup">
						{all.slice(0, most).map((v) => (
							<Row key={`${componentOf(v)} ${nameOf(v)}`} v={v} isOff={isOff} want={want} />
						))}
					</tbody>
				</table>
			)}
			{all.length > most && (
				<div class="pad-line"><button type="button" class="btn small" onClick={() => setMost(ASKED)}>{say.showAll(all.length)}</button></div>
			)}
		</Panel>
	);
});
