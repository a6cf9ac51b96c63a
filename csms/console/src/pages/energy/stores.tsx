/*
 * Batteries that can give energy back: what each holds and keeps, what it is told now and why it is not
 * told, and the emergency stop of all of them.
 */
import { useState } from "preact/hooks";
import type { DischargeView, StorageBattery, StorageView } from "../../api/types.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { clockNear, kw, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Act, Failure, isAllowedTo } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Bar } from "../../ui/bar.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Reading } from "../../ui/reading.tsx";

const near = (at: string): string => clockNear(Date.parse(at), now.value, zone.value);

function nameOf(b: StorageBattery): string {
	const data = overview.value;
	const of = b.kind === "vehicle" ? data?.vehicles.find((v) => v.id === b.id) : data?.tree.nodes.find((n) => n.id === b.id);
	return of?.name || b.id;
}

function Battery({ b }: { b: StorageBattery }) {
	const node = overview.value?.tree.nodes.find((n) => n.id === b.id);
	const part = (wh: number) => (b.full_wh > 0 ? (100 * wh) / b.full_wh : 0);
	return (
		<div class="pad" data-battery={b.id}>
			<h3>{nameOf(b)}</h3>
			<Bar value={part(b.stored_wh)} notch={part(b.least_wh)} tone="power" isOld={false} />
			<dl class="pairs">
				<div><dt>{say.batteryHolds}</dt><dd>{say.batteryOf(kwh(b.stored_wh), kwh(b.full_wh), near(b.stored_at))}</dd></div>
				<div><dt>{say.batteryKeeps}</dt><dd>{kwh(b.least_wh)}{"\u202f"}{say.unitKwh}</dd></div>
				{node !== undefined && (
					<div><dt>{say.batteryDoes}</dt><dd>
						{node.load_w === undefined ? say.unknown
							: <Reading at={node.load_at} source="meter">{say.batteryPower(node.load_w, kw(Math.abs(node.load_w), 1))}</Reading>}
					</dd></div>
				)}
				<div><dt>{say.batteryTold}</dt><dd>
					{b.told_w === undefined ? say.batteryUntold
						: <>{say.batteryPower(b.told_w, kw(Math.abs(b.told_w), 1))}{b.told_at !== undefined && <span class="u">, {near(b.told_at)}</span>}</>}
				</dd></div>
				<div><dt>{say.batteryPlan}</dt><dd>{say.batteryPower(b.now_w, kw(Math.abs(b.now_w), 1))}</dd></div>
			</dl>
			{b.note !== undefined && <p class="st risk small"><Icon name="risk" size={14} /> {b.note}</p>}
		</div>
	);
}

/* The switch of all that gives back, with its reason: it stands in the journal. */
function Switch({ isStopped, onEnd }: { isStopped: boolean; onEnd: (isDone: boolean) => void }) {
	const [why, setWhy] = useState("");
	const { isBusy, error, send } = useCommand();
	const words = isStopped ? say.dischargeRelease : say.dischargeStop;
	const post = async () => {
		if ((await send("POST", isStopped ? "/discharge/release" : "/discharge/stop", { why: why.trim() })) !== undefined) onEnd(true);
	};
	return (
		<Confirm title={words.title} verb={words.verb} to="operate" isBusy={isBusy} isOff={why.trim() === ""} onYes={() => void post()} onNo={() => onEnd(false)}>
			<p class="effect">{words.effect}</p>
			<label>{say.followWhy}
				<input type="text" value={why} maxLength={500} required onInput={(e) => setWhy(e.currentTarget.value)} />
			</label>
			<Failure text={error} />
		</Confirm>
	);
}

function Stopped({ d }: { d: DischargeView }) {
	if (!d.stopped) return null;
	return (
		<p class="pad-line st risk" role="status"><Icon name="risk" /> {say.dischargeStopped(d.since === undefined ? undefined : near(d.since), d.why)}</p>
	);
}

export function Stores() {
	const asked = useAsked<StorageView>("/storage", 5000);
	const [isAsking, setAsking] = useState(false);
	const x = asked.data;
	if (!x) return asked.error === undefined ? null : <Panel id="stores" title={say.storesTitle}><Answer of={asked} /></Panel>;
	if (x.batteries.length === 0 && !x.discharge.stopped) return null;
	const words = x.discharge.stopped ? say.dischargeRelease : say.dischargeStop;
	return (
		<Panel id="stores" title={say.storesTitle}>
			<p class="pad-line">{x.sentence}</p>
			<Stopped d={x.discharge} />
			{x.batteries.map((b) => <Battery key={b.id} b={b} />)}
			<div class="acts pad-line">
				{isAllowedTo("operate") ? <Act to="operate" onAct={() => setAsking(true)}>{words.button}</Act>
					: <p class="cap">{say.dischargeWho}</p>}
			</div>
			{isAsking && <Switch isStopped={x.discharge.stopped} onEnd={(isDone) => {
				setAsking(false);
				if (isDone) asked.again();
			}} />}
		</Panel>
	);
}
