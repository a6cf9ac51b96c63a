/*
 * Modes: how far the chargers below each point go by plans, and the switch; what it would change is said
 * by depotd before.
 */
import { useState } from "preact/hooks";
import type { PlanFollowed, PlanModeEffect, PlanModeView } from "../../api/types.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { clock } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Panel } from "../../ui/panel.tsx";
import { nodeName, vanName } from "./followed.tsx";

const MODES = ["shadow", "assisted", "automatic"] as const;
/* What may say a mode: points of the tree with chargers below, not chargers themselves. */
const KINDS = ["site", "connection", "transformer", "feeder", "group"];

function Effect({ asked }: { asked: ReturnType<typeof useAsked<PlanModeEffect>> }) {
	const x = asked.data;
	return (
		<div class="effect" data-effect aria-live="polite">
			<Answer of={asked} />
			{x && (
				<>
					<p>{x.means}</p>
					<p><b>{say.modeEffect}:</b> {x.sentence}</p>
					{x.changes.length > 0 && (
						<ul class="changes">{x.changes.map((c) => <li key={`${c.station}/${c.evse}`}>{vanName(c.vehicle)} ({c.station}/{c.evse}): {c.text}</li>)}</ul>
					)}
				</>
			)}
		</div>
	);
}

interface SwitchProps {
	node: string;
	isFixed: boolean; /* the point is given */
	mode: string;
	onEnd: (isDone: boolean) => void;
}

function Switch({ node: first, isFixed, mode, onEnd }: SwitchProps) {
	const [node, setNode] = useState(first);
	const [to, setTo] = useState(MODES.find((m) => m !== mode) ?? "shadow");
	const [why, setWhy] = useState("");
	const { isBusy, error, send } = useCommand();
	const path = `/nodes/${encodeURIComponent(node)}/mode`;
	const effect = useAsked<PlanModeEffect>(`${path}?to=${to}`, 5000);
	const put = async () => {
		if ((await send("PUT", path, { mode: to, why: why.trim() })) !== undefined) onEnd(true);
	};
	return (
		<Confirm title={say.modeTitle(nodeName(node))} verb={say.modeTo(say.followModes[to] ?? to)} to="steer" isBusy={isBusy}
			isOff={why.trim() === "" || effect.data === undefined || effect.data.to !== to || effect.data.node !== node}
			onYes={() => void put()} onNo={() => onEnd(false)}>
			{!isFixed && (
				<label>{say.modePoint}
					<select value={node} onChange={(e) => setNode(e.currentTarget.value)}>
						{(overview.value?.tree.nodes ?? []).filter((n) => KINDS.includes(n.kind)).map((n) => <option key={n.id} value={n.id}>{n.name || n.id}</option>)}
					</select>
				</label>
			)}
			<div class="seg" role="group" aria-label={say.modeWord}>
				{MODES.map((m) => <button key={m} type="button" aria-pressed={m === to} onClick={() => setTo(m)}>{say.followModes[m]}</button>)}
			</div>
			<Effect asked={effect} />
			<label>{say.followWhy}
				<input type="text" value={why} maxLength={500} required onInput={(e) => setWhy(e.currentTarget.value)} />
			</label>
			<Failure text={error} />
		</Confirm>
	);
}

function Row({ m, onChange }: { m: PlanModeView; onChange: () => void }) {
	const approved = m.approved;
	return (
		<tr role="row" data-row data-mode={m.node} tabIndex={-1}>
			<th role="rowheader" scope="row"><b>{nodeName(m.node)}</b></th>
			<td role="cell" data-label={say.modeWord}>{say.followModes[m.mode] ?? m.mode}</td>
			<td role="cell" class="n" data-label={say.modeEvses}>{m.evses}</td>
			<td role="cell" class="wide">
				{approved !== undefined && <>{say.followApproved(clock(Date.parse(approved.at), zone.value), approved.actor)} {approved.why}</>}
				{m.mode === "assisted" && approved === undefined && <span class="cap">{say.followNothing}</span>}
			</td>
			<td role="cell" class="n wide"><Act to="steer" onAct={onChange}>{say.modeChange}</Act></td>
		</tr>
	);
}

export function Modes({ followed, onChange }: { followed: PlanFollowed; onChange: () => void }) {
	const [open, setOpen] = useState<{ node: string; mode: string; isFixed: boolean } | undefined>(undefined);
	const { modes } = followed;
	const root = modes[0];
	if (!root) return null;
	return (
		<Panel id="modes" title={say.modesTitle} caption={say.modesSub}
			end={<Act to="steer" onAct={() => setOpen({ node: root.node, mode: root.mode, isFixed: false })}>{say.modeOther}</Act>}>
			<table role="table" class="cards rows" aria-labelledby="modes-h">
				<thead role="rowgroup"><tr role="row">
					{[[say.modePoint, ""], [say.modeWord, ""], [say.modeEvses, "n"], [say.modeApproved, ""]].map(([text, kind]) => (
						<th key={text} role="columnheader" scope="col" class={kind}>{text}</th>
					))}
					<td role="cell" />
				</tr></thead>
				<tbody role="rowgroup">
					{modes.map((m) => <Row key={m.node} m={m} onChange={() => setOpen({ node: m.node, mode: m.mode, isFixed: true })} />)}
				</tbody>
			</table>
			{open && <Switch key={open.node} {...open} onEnd={(isDone) => {
				setOpen(undefined);
				if (isDone) onChange();
			}} />}
		</Panel>
	);
}
