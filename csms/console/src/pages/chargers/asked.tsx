/*
 * Commands that the charger was sent: open ones first live, then what became of the others, with who
 * asked and why.
 */
import { useEffect, useState } from "preact/hooks";
import type { CommandList, CommandView } from "../../api/types.ts";
import { useAskedOf, useCommand } from "../../lib/ask.ts";
import { clockNear } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { gistOf, isOver } from "../../store/commands.ts";
import { now, zone } from "../../store/store.ts";
import { Act, Failure, isAllowedTo } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State } from "../../ui/state.tsx";
import { commandStatus, Course } from "./course.tsx";

const who = (actor: string | undefined): string => (actor ?? say.unknown).replace(/^user:/, "");

function Row({ k, again }: { k: CommandView; again: () => void }) {
	const { isBusy, error, send } = useCommand();
	const stop = async () => {
		await send("DELETE", `/commands/${encodeURIComponent(k.id)}`);
		again();
	};
	return (
		<li data-asked={k.id} data-state={k.state}>
			<details open={!isOver(k)}>
				<summary data-row>
					<span class="grow"><b>{k.action}</b> <span class="cap">{gistOf(k.payload)}</span></span>
					<State status={commandStatus(k)} />
					<span class="cap n">{clockNear(Date.parse(k.started_at), now.peek(), zone.value)}</span>
				</summary>
				<div class="in">
					<Course command={k} />
					<p class="cap">{say.askedBy(who(k.actor))}{k.why !== undefined && <>: <q>{k.why}</q></>}</p>
					{k.payload !== undefined && <pre class="mono">{JSON.stringify(k.payload, undefined, 1)}</pre>}
					{k.response !== undefined && <pre class="mono">{JSON.stringify(k.response, undefined, 1)}</pre>}
					<Failure text={error} />
					{!isOver(k) && <div class="acts"><Act to="operate" isOff={isBusy} onAct={() => void stop()}>{say.stopWaiting}</Act></div>}
				</div>
			</details>
		</li>
	);
}

function List({ id, turn }: { id: string; turn: number }) {
	const [most, setMost] = useState(10);
	const asked = useAskedOf<CommandList>(`/commands?station=${encodeURIComponent(id)}&limit=${most}`, id);
	useEffect(() => {
		if (turn > 0) asked.again();
	}, [turn]);
	const all = asked.data?.commands ?? [];
	const list = [...all.filter((k) => !isOver(k)), ...all.filter(isOver)];
	return (
		<>
			<Answer of={asked} />
			{asked.data && list.length === 0 && <Empty title={say.askedNone}>{say.askedNoneWhy}</Empty>}
			<ul class="asked">{list.map((k) => <Row key={k.id} k={k} again={asked.again} />)}</ul>
			{list.length >= most && most < 200 && (
				<div class="pad-line"><button type="button" class="btn small" onClick={() => setMost((m) => Math.min(200, m * 4))}>{say.showMore}</button></div>
			)}
		</>
	);
}

export const Asked = memo(function Asked({ id, turn }: { id: string; turn: number }) {
	return (
		<Panel id="asked" title={say.askedTitle} caption={say.askedSub}>
			{isAllowedTo("follow") ? <List id={id} turn={turn} /> : <p class="pad-line sub2">{say.notYours}</p>}
		</Panel>
	);
});
