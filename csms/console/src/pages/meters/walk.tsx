/*
 * The commissioning walk: one EVSE is lowered a few times, with somebody's consent, and every meter
 * is watched: which moves, and by how much.
 */
import { useState } from "preact/hooks";
import type { EvseView, MeterWalkMeter, MeterWalkView, StationView } from "../../api/types.ts";
import { useAskedWhile, useCommand } from "../../lib/ask.ts";
import { clockNear, decimal, kw } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Progress } from "../../ui/progress.tsx";

const runs = (w: MeterWalkView): boolean => w.state === "high" || w.state === "low";

interface Choice {
	key: string;
	station: StationView;
	evse: EvseView;
}

function charging(): Choice[] {
	return (overview.value?.stations ?? []).flatMap((station) =>
		station.evses.filter((e) => e.state === "charging")
			.map((evse) => ({ key: `${station.id}/${evse.id}`, station, evse })));
}

const vanOf = (evse: EvseView): string => {
	const van = overview.value?.vehicles.find((v) => v.id === evse.vehicle);
	return van?.name || evse.vehicle || say.unknownVan;
};

function Begin({ again }: { again: () => void }) {
	const [picked, setPicked] = useState<string | undefined>(undefined);
	const [isAgreed, setAgreed] = useState(false);
	const { isBusy, error, send } = useCommand();
	const choices = charging();
	const choice = choices.find((c) => c.key === picked) ?? choices[0];
	if (!choice) return <p class="pad-line sub2">{say.walkNobody}</p>;
	const begin = async () => {
		const body = { station: choice.station.id, evse: choice.evse.id, consent: isAgreed };
		if ((await send("POST", "/meters/walk", body)) !== undefined) {
			setAgreed(false);
			again();
		}
	};
	return (
		<form class="form pad" onSubmit={(event) => {
			event.preventDefault();
			void begin();
		}}>
			<label>
				{say.walkEvse}
				<select value={choice.key} onChange={(e) => {
					setPicked(e.currentTarget.value);
					setAgreed(false);
				}}>
					{choices.map((c) => (
						<option key={c.key} value={c.key}>
							{say.walkChoice(c.key, vanOf(c.evse), c.evse.power_w === undefined ? say.unknown : kw(c.evse.power_w, 1))}
						</option>
					))}
				</select>
			</label>
			<label class="tick">
				<input type="checkbox" checked={isAgreed} onChange={(e) => setAgreed(e.currentTarget.checked)} />
				<span>{say.walkConsent(vanOf(choice.evse))}</span>
			</label>
			<Failure text={error} />
			<div class="acts">
				<Act to="maintain" isMain isOff={!isAgreed || isBusy}>{isBusy ? say.sending : say.walkStart}</Act>
			</div>
		</form>
	);
}

function Result({ m }: { m: MeterWalkMeter }) {
	const name = overview.value?.meters.find((x) => x.id === m.meter)?.name || m.meter;
	const isGood = m.above && m.moved && m.gain !== undefined && Math.abs(m.gain - 1) <= 0.15;
	return (
		<li class={isGood ? "test" : "test tint-risk"} data-walked={m.meter}>
			<span class={isGood ? "st ok" : "st risk"}>
				<Icon name={isGood ? "ok" : "risk"} /><span class="vh">{isGood ? say.wiringOk : say.wiringWrong}</span>
			</span>
			<div class="grow">
				<b>{name}</b>
				<p>{m.finding}</p>
				<p class="cap">
					{m.gain !== undefined && say.walkGain(decimal(m.gain, 2))} {say.pairSteps(m.steps)}
				</p>
			</div>
		</li>
	);
}

function Course({ walk, again }: { walk: MeterWalkView; again: () => void }) {
	const { isBusy, error, send } = useCommand();
	const isRunning = runs(walk);
	const stop = async () => {
		await send("DELETE", "/meters/walk");
		again();
	};
	return (
		<>
			<div class="pad-line" data-walk={walk.state}>
				<p role="status">
					<b>{say.evseName(walk.station, walk.evse)}</b>{" "}
					{(say.walkStates[walk.state] ?? walk.state)}, {clockNear(Date.parse(walk.started), now.value, zone.value)}
				</p>
				<Progress value={walk.rounds_done} most={walk.rounds} label={say.walkRounds(walk.rounds_done, walk.rounds)} />
				<p class="cap">{say.walkBetween(kw(walk.high_w, 1), kw(walk.low_w, 1))}</p>
				{walk.error !== undefined && <Failure text={walk.error} />}
				<Failure text={error} />
				{isRunning && <div class="acts"><Act to="maintain" isOff={isBusy} onAct={() => void stop()}>{say.walkStop}</Act></div>}
			</div>
			<ul class="tests">{walk.meters.map((m) => <Result key={m.meter} m={m} />)}</ul>
			{walk.state === "done" && walk.meters.length === 0 && <p class="pad-line">{say.walkNone}</p>}
		</>
	);
}

export function Walk() {
	const asked = useAskedWhile<MeterWalkView>("/meters/walk", runs);
	const walk = asked.data;
	return (
		<Panel id="walk" title={say.walkTitle} caption={say.walkSub}>
			{walk && <Course walk={walk} again={asked.again} />}
			{asked.status !== 404 && <Answer of={asked} />}
			{(walk ? !runs(walk) : asked.status === 404) && <Begin again={asked.again} />}
		</Panel>
	);
}
