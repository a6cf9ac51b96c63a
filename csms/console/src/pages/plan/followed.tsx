/*
 * How far chargers go by the plan, where that is not all the way: modes of nodes, a plan that waits for
 * a yes or no, a planner that is late.
 */
import { useState } from "preact/hooks";
import type { PlanFollowed, PlanProposal } from "../../api/types.ts";
import { useCommand } from "../../lib/ask.ts";
import { clock } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Panel } from "../../ui/panel.tsx";

const time = (at: string): string => clock(Date.parse(at), zone.value);
const nodeName = (id: string): string => overview.value?.tree.nodes.find((n) => n.id === id)?.name ?? id;

type Answer = "approve" | "reject";

function Ask({ proposal, answer, onEnd }: { proposal: PlanProposal; answer: Answer; onEnd: (isDone: boolean) => void }) {
	const [why, setWhy] = useState("");
	const { isBusy, error, send } = useCommand();
	const verb = answer === "approve" ? say.followYes : say.followNo;
	const post = async () => {
		if ((await send("POST", `/plans/${encodeURIComponent(proposal.plan)}/${answer}`, { why: why.trim() })) !== undefined) onEnd(true);
	};
	return (
		<Confirm title={verb} verb={verb} to="approve" isBusy={isBusy} isOff={why.trim() === ""} onYes={() => void post()} onNo={() => onEnd(false)}>
			<p>{say.followWaits(proposal.changes.length, time(proposal.expires_at))}</p>
			<label>{say.followWhy}
				<input type="text" value={why} maxLength={500} required onInput={(event) => setWhy(event.currentTarget.value)} />
			</label>
			<Failure text={error} />
		</Confirm>
	);
}

function Waits({ proposal, onAnswer }: { proposal: PlanProposal; onAnswer: () => void }) {
	const [answer, setAnswer] = useState<Answer | undefined>(undefined);
	return (
		<>
			<p><b>{say.followWaits(proposal.changes.length, time(proposal.expires_at))}</b> {say.followThen[proposal.then]}</p>
			<ul>
				{proposal.changes.map((c) => <li key={`${c.station}/${c.evse}`}>{c.vehicle} ({c.station}/{c.evse}): {c.text}</li>)}
			</ul>
			<div class="acts">
				<Act to="approve" isMain onAct={() => setAnswer("approve")}>{say.followYes}</Act>
				<Act to="approve" onAct={() => setAnswer("reject")}>{say.followNo}</Act>
			</div>
			{answer !== undefined && <Ask proposal={proposal} answer={answer} onEnd={(isDone) => {
				setAnswer(undefined);
				if (isDone) onAnswer();
			}} />}
		</>
	);
}

export function Followed({ followed, onAnswer }: { followed: PlanFollowed; onAnswer: () => void }) {
	const { modes, late_since, approved, proposal } = followed;
	if (late_since === undefined && modes.every((m) => m.mode === "automatic")) return null;
	return (
		<Panel id="followed" title={say.followTitle} caption={modes.map((m) => `${nodeName(m.node)}: ${say.followModes[m.mode] ?? m.mode}`).join(" · ")}>
			<div class="pad">
				{late_since !== undefined && <p class="failure" role="alert">{say.followLate(time(late_since))}</p>}
				{approved !== undefined && <p>{say.followApproved(time(approved.at), approved.actor)} {approved.why}</p>}
				{approved === undefined && modes.some((m) => m.mode === "assisted") && <p>{say.followNothing}</p>}
				{proposal !== undefined && <Waits key={proposal.plan} proposal={proposal} onAnswer={onAnswer} />}
			</div>
		</Panel>
	);
}
