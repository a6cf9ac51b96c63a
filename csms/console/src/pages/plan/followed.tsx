/*
 * What somebody must know of how far chargers go by the plan: a planner that is late, and for each group
 * a plan that waits for a yes or no. Nothing where nothing waits.
 */
import { useState } from "preact/hooks";
import type { PlanFollowed, PlanModeView, PlanProposal } from "../../api/types.ts";
import { useCommand } from "../../lib/ask.ts";
import { clock } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { overview, vehicles, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Panel } from "../../ui/panel.tsx";

const time = (at: string): string => clock(Date.parse(at), zone.value);
/* As every other page calls it. */
export const vanName = (id: string): string => vehicles.value?.find((v) => v.id === id)?.name || id;

export const nodeName = (id: string): string => overview.value?.tree.nodes.find((n) => n.id === id)?.name || id;

type Answer = "approve" | "reject";

interface AskProps {
	node: string;
	proposal: PlanProposal;
	answer: Answer;
	onEnd: (isDone: boolean) => void;
}

function Ask({ node, proposal, answer, onEnd }: AskProps) {
	const [why, setWhy] = useState("");
	const { isBusy, error, send } = useCommand();
	const verb = answer === "approve" ? say.followYes : say.followNo;
	const post = async () => {
		const body = { why: why.trim(), node };
		if ((await send("POST", `/plans/${encodeURIComponent(proposal.plan)}/${answer}`, body)) !== undefined) onEnd(true);
	};
	return (
		<Confirm title={`${verb}: ${nodeName(node)}`} verb={verb} to="approve" isBusy={isBusy} isOff={why.trim() === ""} onYes={() => void post()} onNo={() => onEnd(false)}>
			<p>{say.followWaits(proposal.changes.length, time(proposal.expires_at))}</p>
			<label>{say.followWhy}
				<input type="text" value={why} maxLength={500} required onInput={(event) => setWhy(event.currentTarget.value)} />
			</label>
			<Failure text={error} />
		</Confirm>
	);
}

function Waits({ node, proposal, isAlone, onAnswer }: { node: string; proposal: PlanProposal; isAlone: boolean; onAnswer: () => void }) {
	const [answer, setAnswer] = useState<Answer | undefined>(undefined);
	return (
		<div class="waits" data-group={node}>
			{!isAlone && <h3>{say.modeFor(nodeName(node))}</h3>}
			<p><b>{say.followWaits(proposal.changes.length, time(proposal.expires_at))}</b> {say.followThen[proposal.then]}</p>
			<ul>
				{proposal.changes.map((c) => <li key={`${c.station}/${c.evse}`}>{vanName(c.vehicle)} ({c.station}/{c.evse}): {c.text}</li>)}
			</ul>
			<div class="acts">
				<Act to="approve" isMain onAct={() => setAnswer("approve")}>{say.followYes}</Act>
				<Act to="approve" onAct={() => setAnswer("reject")}>{say.followNo}</Act>
			</div>
			{answer !== undefined && <Ask node={node} proposal={proposal} answer={answer} onEnd={(isDone) => {
				setAnswer(undefined);
				if (isDone) onAnswer();
			}} />}
		</div>
	);
}

type Waiting = PlanModeView & { proposal: PlanProposal };

export function Followed({ followed, onAnswer }: { followed: PlanFollowed; onAnswer: () => void }) {
	const waiting = followed.modes.filter((m): m is Waiting => m.proposal !== undefined);
	if (followed.late_since === undefined && waiting.length === 0) return null;
	return (
		<Panel id="followed" title={followed.sentence}>
			<div class="pad stack">
				{followed.late_since !== undefined && <p class="failure" role="alert">{say.followLate(time(followed.late_since))}</p>}
				{waiting.map((m) => (
					<Waits key={`${m.node} ${m.proposal.plan}`} node={m.node} proposal={m.proposal} isAlone={followed.modes.length === 1} onAnswer={onAnswer} />
				))}
			</div>
		</Panel>
	);
}
