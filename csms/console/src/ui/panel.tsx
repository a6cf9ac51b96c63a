import type { ComponentChildren } from "preact";

interface PanelProps {
	id: string;
	title: string;
	caption?: ComponentChildren;
	end?: ComponentChildren;
	children: ComponentChildren;
}

/* A section of the page: a landmark named by its heading, which takes the focus of jumps to it. */
export function Panel({ id, title, caption, end, children }: PanelProps) {
	return (
		<section class="panel" id={id} aria-labelledby={`${id}-h`}>
			<header>
				<h2 id={`${id}-h`} tabIndex={-1}>{title}</h2>
				{caption !== undefined && <span class="cap">{caption}</span>}
				{end !== undefined && <div class="end">{end}</div>}
			</header>
			{children}
		</section>
	);
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
	return (
		<div class="pad">
			<p><b>{title}</b></p>
			{children !== undefined && <p class="sub2">{children}</p>}
		</div>
	);
}
