/*
 * How far a command is: asked, sent, answered, ended, and with what.
 */
import type { CommandView } from "../../api/types.ts";
import { clockSeconds, duration, durationExact } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { isOver, STEPS, steps } from "../../store/commands.ts";
import { now, zone } from "../../store/store.ts";
import { Icon, type IconName } from "../../ui/icons.tsx";
import { State, type Status } from "../../ui/state.tsx";

const STATES: Record<CommandView["state"], Omit<Status, "word">> = {
	waiting: { icon: "wait", tone: "plain", isTag: false },
	running: { icon: "trk", tone: "plain", isTag: false },
	done: { icon: "ok", tone: "ok", isTag: false },
	refused: { icon: "risk", tone: "risk", isTag: true },
	failed: { icon: "miss", tone: "miss", isTag: true },
	unknown: { icon: "unk", tone: "risk", isTag: true },
	cancelled: { icon: "closed", tone: "plain", isTag: false },
};

export const commandStatus = (k: CommandView): Status => ({ ...STATES[k.state], word: say.commandStates[k.state] });

const MARKS: Record<string, IconName> = { done: "ok", now: "trk", never: "unk", next: "free" };

export function Course({ command: k, isWhole = false }: { command: CommandView; isWhole?: boolean }) {
	const began = Date.parse(k.started_at);
	const ended = k.ended_at === undefined ? undefined : Date.parse(k.ended_at);
	const marks = steps(k);
	return (
		<div class="course" data-course={k.id} data-state={k.state} data-step={k.step}>
			<ol class="steps" aria-label={say.courseLabel}>
				{STEPS.map((s, i) => {
					const mark = marks[i]!;
					return (
						<li key={s} class={mark} aria-current={mark === "now" ? "step" : undefined}>
							<Icon name={s === "ended" && isOver(k) ? STATES[k.state].icon : MARKS[mark]!} size={14} />{" "}
							{s === "ended" && isOver(k) ? say.commandStates[k.state] : say.steps[s]}
							<span class="vh"> {say.stepMarks[mark]}</span>
						</li>
					);
				})}
			</ol>
			<p role={isWhole ? "status" : undefined}>
				{isWhole && <State status={commandStatus(k)} />}{isWhole && " "}
				{k.status !== undefined && <b>{k.status}</b>}{k.status !== undefined && k.note !== undefined && ": "}{k.note}
				{k.error_text !== undefined && k.error_text !== k.note && ` ${k.error_text}`}
			</p>
			<p class="cap">
				{clockSeconds(began, zone.value)}, {ended === undefined
					? say.forSpan(duration((now.value - began) / 1000)) : say.took(durationExact((ended - began) / 1000))}
			</p>
		</div>
	);
}
