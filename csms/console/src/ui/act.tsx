/*
 * A button that changes something: off while the server is away, while its command is under way, and
 * for those who may not, whom it tells who may.
 */
import type { ComponentChildren } from "preact";
import { say } from "../messages/say.ts";
import { isLost, session } from "../store/store.ts";

export type Role = "viewer" | "operator" | "admin";

const RANK: Record<string, number> = { viewer: 1, operator: 2, admin: 3 };

export const may = (role: Role): boolean => (RANK[session.value?.role ?? ""] ?? 0) >= (RANK[role] ?? 9);

interface ActProps {
	role: Role;
	onAct?: () => void; /* absent: it submits its form */
	isOff?: boolean;
	isMain?: boolean;
	children: ComponentChildren;
}

export function Act({ role, onAct, isOff = false, isMain = false, children }: ActProps) {
	const isAllowed = may(role);
	return (
		<button type={onAct ? "button" : "submit"} class={isMain ? "btn pri" : "btn"} onClick={onAct}
			disabled={isOff || isLost.value || !isAllowed}>
			{children}{!isAllowed && ` (${say.onlyFor[role] ?? role})`}
		</button>
	);
}

/* What went wrong with a command or a question, where it was asked. */
export function Failure({ text }: { text: string | undefined }) {
	if (text === undefined) return null;
	return <p class="failure" role="alert">{text}</p>;
}
