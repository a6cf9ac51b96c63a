import type { ComponentChildren } from "preact";
import { go } from "../store/place.ts";

interface LinkProps {
	to: string;
	kind?: string;
	isHere?: boolean;
	children: ComponentChildren;
}

/* A link to a page of the console: an address of its own, without a new load. */
export function Link({ to, kind, isHere, children }: LinkProps) {
	return (
		<a href={to} class={kind} aria-current={isHere ? "page" : undefined}
			onClick={(event) => {
				if (event.ctrlKey || event.metaKey || event.shiftKey) return;
				event.preventDefault();
				go(to);
			}}>
			{children}
		</a>
	);
}
