/*
 * A dialog that says what a command does before it is sent. Esc and "no" change nothing; the focus
 * goes back to where it came from.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { say } from "../messages/say.ts";
import { Act, type Permission } from "./act.tsx";

interface ConfirmProps {
	title: string;
	verb: string;
	to: Permission;
	isBusy: boolean;
	isOff?: boolean;
	onYes: () => void;
	onNo: () => void;
	children: ComponentChildren;
}

export function Confirm({ title, verb, to, isBusy, isOff = false, onYes, onNo, children }: ConfirmProps) {
	const box = useRef<HTMLDialogElement>(null);
	useEffect(() => {
		const before = document.activeElement;
		box.current?.showModal();
		return () => {
			if (before instanceof HTMLElement) before.focus();
		};
	}, []);
	return (
		<dialog ref={box} aria-labelledby="confirm-h" onClose={onNo}>
			<form class="form" onSubmit={(event) => {
				event.preventDefault();
				onYes();
			}}>
				<h2 id="confirm-h">{title}</h2>
				{children}
				<div class="acts">
					<Act to={to} isMain isOff={isBusy || isOff}>{isBusy ? say.sending : verb}</Act>
					<button type="button" class="btn" onClick={onNo}>{say.cancel}</button>
				</div>
			</form>
		</dialog>
	);
}
