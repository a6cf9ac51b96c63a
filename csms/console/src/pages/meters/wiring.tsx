/*
 * The wiring check: meters compared with the next one above, phase by phase, in words first.
 */
import { useState } from "preact/hooks";
import type { WiringPair, WiringPhase, WiringView } from "../../api/types.ts";
import { type Asked, useCommand } from "../../lib/ask.ts";
import { clockNear, decimal, duration } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";

/* "L1 ↔ L2 above, 0.99 ± 0.02": what moves together. */
function Phase({ p }: { p: WiringPhase }) {
	if (p.upper_phase === undefined) return <li class="u">{say.phaseUnseen(p.phase)}</li>;
	const isOdd = p.upper_phase !== p.phase || (p.gain ?? 1) < 0.5 || (p.gain ?? 1) > 1.5;
	return (
		<li class={isOdd ? "odd" : ""}>
			{isOdd && <Icon name="risk" size={14} />} {say.phaseMoves(p.phase, p.upper_phase)}
			{p.gain !== undefined && ` ${decimal(p.gain, 2)}`}
			{p.error !== undefined && ` ± ${decimal(p.error, 2)}`}
		</li>
	);
}

function Pair({ pair, nameOf }: { pair: WiringPair; nameOf: (id: string) => string }) {
	const tone = !pair.ok ? "risk" : pair.clear ? "ok" : "plain";
	const icon = !pair.ok ? "risk" : pair.clear ? "ok" : "unk";
	return (
		<li class={pair.ok ? "test" : "test tint-risk"} data-pair={`${pair.upper} ${pair.lower}`}>
			<span class={`st ${tone}`}>
				<Icon name={icon} />
				<span class="vh">{pair.ok ? (pair.clear ? say.wiringOk : say.wiringUnclear) : say.wiringWrong}</span>
			</span>
			<div class="grow">
				<b>{say.pairTitle(nameOf(pair.lower), nameOf(pair.upper))}</b>
				<p>{pair.finding}</p>
				<ul class="phases cap">{pair.phases.map((p) => <Phase key={p.phase} p={p} />)}</ul>
				<p class="cap">{say.pairSteps(pair.steps)}</p>
			</div>
		</li>
	);
}

function Reset({ again }: { again: () => void }) {
	const [isAsking, setAsking] = useState(false);
	const { isBusy, error, send } = useCommand();
	const reset = async () => {
		if ((await send("POST", "/meters/wiring/reset")) !== undefined) {
			setAsking(false);
			again();
		}
	};
	return (
		<>
			<Act to="maintain" onAct={() => setAsking(true)}>{say.wiringReset}</Act>
			{isAsking && (
				<Confirm title={say.wiringResetTitle} verb={say.wiringResetVerb} to="maintain" isBusy={isBusy}
					onYes={() => void reset()} onNo={() => setAsking(false)}>
					<p>{say.wiringResetWhat}</p>
					<Failure text={error} />
				</Confirm>
			)}
		</>
	);
}

/* With `id`: only what is about that meter. */
export function Wiring({ asked, id }: { asked: Asked<WiringView>; id?: string }) {
	const names = new Map((overview.value?.meters ?? []).map((m) => [m.id, m.name || m.id] as const));
	const nameOf = (x: string) => x === "chargers" ? say.chargersBelow : names.get(x) ?? x;
	const view = asked.data;
	const pairs = view?.pairs.filter((p) => id === undefined || p.lower === id || p.upper === id) ?? [];
	const selves = view?.meters.filter((m) => id === undefined || m.meter === id) ?? [];
	const since = view && Date.parse(view.since);
	return (
		<Panel id="wiring" title={say.wiringTitle} caption={since !== undefined && say.wiringSince(
			clockNear(since, now.value, zone.value), duration((now.value - since) / 1000))}>
			<Answer of={asked} />
			{view && pairs.length + selves.length === 0 && (
				<Empty title={say.wiringNothing}>{say.wiringNothingWhy}</Empty>
			)}
			<ul class="tests">
				{selves.map((m) => (
					<li key={m.meter} class="test tint-risk" data-self={m.meter}>
						<span class="st risk"><Icon name="risk" /><span class="vh">{say.wiringWrong}</span></span>
						<div class="grow"><b>{nameOf(m.meter)}</b><p>{m.finding}</p></div>
					</li>
				))}
				{pairs.map((p) => <Pair key={`${p.upper} ${p.lower}`} pair={p} nameOf={nameOf} />)}
			</ul>
			{view && (
				<div class="pad-line acts">
					<Reset again={asked.again} />
					<button type="button" class="btn" onClick={() => window.print()}>{say.printReport}</button>
				</div>
			)}
		</Panel>
	);
}
