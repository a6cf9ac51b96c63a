/*
 * A button that changes something: off while the server is away, while its command is under way, and
 * for those who may not, whom it tells who may.
 */
import type { ComponentChildren } from "preact";
import { say } from "../messages/say.ts";
import { isLost, session } from "../store/store.ts";

/* Permissions by the names of GET /permissions. */
export type Permission =
	| "operate" | "maintain" | "price" | "set-up" | "limit" | "overrule" | "attend" | "trust" | "audit" | "follow" | "inspect"
	| "approve" | "dispatch" | "steer" | "govern" | "self";

export const isAllowedTo = (to: Permission): boolean => session.value?.may.includes(to) ?? false;

/* As people call it: "energy manager". */
const roleName = (role: string): string => say.roles[role] ?? role;

interface ActProps {
	to: Permission;
	onAct?: () => void; /* absent: it submits its form */
	isOff?: boolean;
	isMain?: boolean;
	children: ComponentChildren;
}

export function Act({ to, onAct, isOff = false, isMain = false, children }: ActProps) {
	const isAllowed = isAllowedTo(to);
	return (
		<button type={onAct ? "button" : "submit"} class={isMain ? "btn pri" : "btn"} onClick={onAct}
			disabled={isOff || isLost.value || !isAllowed}>
			{children}{!isAllowed && ` (${say.notAs(roleName(session.value?.role ?? ""))})`}
		</button>
	);
}

/* What went wrong with a command or a question, where it was asked. */
export function Failure({ text }: { text: string | undefined }) {
	if (text === undefined) return null;
	return <p class="failure" role="alert">{text}</p>;
}
