/* Open sessions one by one: from where, since when, by which browser; each can be ended. */
import type { OpenSessionList } from "../../api/types_people.ts";
import { browserName } from "../../lib/browser.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { clockNear } from "../../lib/format.ts";
import { now, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { w } from "./words.ts";

const EVERY_MS = 15_000;

interface Props {
	path: string; /* "/sessions" or "/users/NAME/sessions" */
	to: "self" | "govern";
	onEnded?: () => void;
}

export function OpenSessions({ path, to, onEnded }: Props) {
	const asked = useAsked<OpenSessionList>(path, EVERY_MS);
	const { isBusy, error, send } = useCommand();
	const time = (iso: string) => clockNear(Date.parse(iso), now.value, zone.value);
	const end = async (id: string) => {
		await send("DELETE", `${path}/${encodeURIComponent(id)}`);
		asked.again();
		onEnded?.();
	};
	const sessions = asked.data?.sessions ?? [];
	return (
		<div class="pad-line">
			<Answer of={asked} />
			{asked.data && sessions.length === 0 && <p>{w.noSession}</p>}
			<ul class="open-sessions">{sessions.map((s) => (
				<li key={s.id} data-session={s.id}>
					<b title={s.browser}>{browserName(s.browser) ?? w.unknownBrowser}</b> {w.sessionFrom(s.peer)}
					<span class="cap"> {w.sessionSince(time(s.since), time(s.seen))}</span>{" "}
					{s.own ? <span class="cap">{w.sessionThis}</span> : <Act to={to} isOff={isBusy} onAct={() => void end(s.id)}>{w.sessionEnd}</Act>}
				</li>
			))}</ul>
			<Failure text={error} />
		</div>
	);
}

export function SessionsDialog({ name, onEnd }: { name: string; onEnd: () => void }) {
	const { isBusy, error, send } = useCommand();
	const all = async () => {
		if (await send("POST", `/users/${encodeURIComponent(name)}/sign-out`, {})) onEnd();
	};
	return (
		<Confirm title={w.sessionsTitle(name)} verb={w.sessionsAll} to="govern" isBusy={isBusy} onYes={() => void all()} onNo={onEnd}>
			<OpenSessions path={`/users/${encodeURIComponent(name)}/sessions`} to="govern" />
			<Failure text={error} />
		</Confirm>
	);
}
