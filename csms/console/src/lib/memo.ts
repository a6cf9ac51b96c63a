import { Component, createElement, type ComponentChildren, type FunctionComponent } from "preact";

/* Draws `render` again only when a prop changed by reference (or a signal that it reads did). */
export function memo<P extends object>(render: FunctionComponent<P>): FunctionComponent<P> {
	class Memo extends Component<P> {
		override shouldComponentUpdate(next: P): boolean {
			const a = this.props as Record<string, unknown>;
			const b = next as Record<string, unknown>;
			const keys = Object.keys(b);
			return keys.length !== Object.keys(a).length || keys.some((k) => a[k] !== b[k]);
		}
		override render(): ComponentChildren {
			return createElement(render, this.props as P);
		}
	}
	return Memo as unknown as FunctionComponent<P>;
}
