/*
 * One sheet of symbols and hatches, drawn once per page; everything else refers to it by id.
 */
import type { JSX } from "preact";

export type IconName =
	| "ok" | "trk" | "wait" | "risk" | "miss" | "unk" | "off" | "away" | "bind" | "free" | "closed"
	| "bolt" | "van" | "plug" | "user" | "meter" | "bell" | "plan" | "more" | "down" | "list" | "coin" | "key" | "grid" | "gear" | "find" | "mute";

const line = { fill: "none", stroke: "currentColor", "stroke-width": 1.6 } as const;

const SYMBOLS: Record<IconName, JSX.Element> = {
	ok: <path d="M3 8.6l3.2 3.2L13 4.6" {...line} stroke-width="2.2" />,
	trk: <><circle cx="8" cy="8" r="6" {...line} /><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" /></>,
	find: <><circle cx="7" cy="7" r="4.6" {...line} /><path d="M10.4 10.4l4 4" {...line} stroke-width="2" /></>,
	mute: <><path d="M2 6h3l3.5-3v10L5 10H2z" {...line} /><path d="M11 6l4 4M15 6l-4 4" {...line} /></>,
	wait: <><circle cx="8" cy="8" r="6" {...line} /><path d="M8 4.6V8l2.4 1.6" {...line} /></>,
	risk: <>
		<path d="M8 1.6L15.2 14.2H.8z" {...line} stroke-width="1.7" stroke-linejoin="round" />
		<path d="M8 6v4" stroke="currentColor" stroke-width="1.9" />
		<circle cx="8" cy="12" r="1.1" fill="currentColor" />
	</>,
	miss: <>
		<path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" {...line} />
		<path d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6" stroke="currentColor" stroke-width="2" />
	</>,
	unk: <>
		<circle cx="8" cy="8" r="6.6" {...line} stroke-width="1.4" stroke-dasharray="2.4 1.75" />
		<path d="M6 6.3c0-2.5 4-2.5 4 0C10 7.8 8 7.8 8 9.4" {...line} />
		<circle cx="8" cy="11.6" r="1" fill="currentColor" />
	</>,
	off: <>
		<path d="M3.5 7.5a5 5 0 0 1 9 0M6 10a2.6 2.6 0 0 1 4 0" {...line} />
		<circle cx="8" cy="12.6" r="1.2" fill="currentColor" />
		<path d="M2 2l12 12.5" stroke="currentColor" stroke-width="1.8" />
	</>,
	away: <>
		<path d="M2 8h9M8 4l4 4-4 4" {...line} stroke-width="1.7" />
		<path d="M14.2 2.5v11" stroke="currentColor" stroke-width="1.7" />
	</>,
	bind: <>
		<path d="M1 3.2h14" stroke="currentColor" stroke-width="2.4" />
		<path d="M8 14.5V6M4.6 9.2L8 5.6l3.4 3.6" {...line} stroke-width="1.9" />
	</>,
	free: <circle cx="8" cy="8" r="6" {...line} />,
	closed: <><circle cx="8" cy="8" r="6" {...line} /><path d="M4.8 8h6.4" {...line} stroke-width="2" /></>,
	bolt: <path d="M9 1L3 9.2h4.4L6.6 15 13 6.4H8.4z" fill="currentColor" />,
	van: <>
		<path d="M1 3.5h8.5v8H1zM9.5 6h3l2.5 2.8v2.7H9.5" {...line} stroke-linejoin="round" />
		<circle cx="4.4" cy="12.2" r="1.6" fill="currentColor" />
		<circle cx="11.8" cy="12.2" r="1.6" fill="currentColor" />
	</>,
	plug: <path d="M5.5 1.5v4M10.5 1.5v4M3.5 5.5h9v2a4.5 4.5 0 0 1-9 0zM8 12v3" {...line} />,
	meter: <><path d="M2 12.5a6.5 6.5 0 1 1 12 0z" {...line} stroke-linejoin="round" /><path d="M8 10.5l3-4" {...line} /></>,
	bell: <><path d="M3 12h10c-1.5-1.5-1.5-3-1.5-5a3.5 3.5 0 0 0-7 0c0 2 0 3.5-1.5 5z" {...line} stroke-linejoin="round" /><path d="M6.5 14.2h3" {...line} /></>,
	plan: <path d="M2 3.5h6M5 8h7M8 12.5h6" {...line} stroke-width="2.4" />,
	more: <path d="M2 3.5h12M2 8h12M2 12.5h12" {...line} stroke-width="1.8" />,
	down: <path d="M3.5 6l4.5 4.5L12.5 6" {...line} stroke-width="1.8" />,
	key: <><circle cx="5" cy="8" r="3.2" {...line} /><path d="M8.2 8H15M12 8v3M14.5 8v2" {...line} /></>,
	grid: <path d="M8 1.5L3.5 14.5M8 1.5l4.5 13M4.6 5.5h6.8M3 9h10M5.5 11.5L11.6 9M10.5 11.5L4.4 9" {...line} stroke-width="1.3" />,
	gear: <><circle cx="8" cy="8" r="2.4" {...line} /><path d="M8 1.5v2.2M8 12.3v2.2M1.5 8h2.2M12.3 8h2.2M3.4 3.4L5 5M11 11l1.6 1.6M3.4 12.6L5 11M11 5l1.6-1.6" {...line} /></>,
	coin: <><circle cx="8" cy="8" r="6.2" {...line} /><path d="M10.6 5.6a3.2 3.2 0 1 0 0 4.8M4.2 7.2h4M4.2 9h4" {...line} stroke-width="1.3" /></>,
	list: <path d="M2 3.5h2M2 8h2M2 12.5h2M6.5 3.5H14M6.5 8H14M6.5 12.5H14" {...line} stroke-width="1.8" />,
	user: <><circle cx="8" cy="5" r="3" {...line} /><path d="M2 15c0-7 12-7 12 0" {...line} /></>,
};

export function Sprite() {
	return (
		<svg class="sprite" width="0" height="0" aria-hidden="true" focusable="false">
			<defs>
				{Object.entries(SYMBOLS).map(([name, shape]) => (
					<symbol key={name} id={`i-${name}`} viewBox="0 0 16 16">{shape}</symbol>
				))}
				<pattern id="hatch-out" width="6" height="6" patternUnits="userSpaceOnUse"
					patternTransform="rotate(45)">
					<path d="M0 0v6" class="hatch-edge" />
				</pattern>
				<pattern id="hatch-none" width="8" height="8" patternUnits="userSpaceOnUse"
					patternTransform="rotate(-45)">
					<path d="M0 0v8" class="hatch-line" />
				</pattern>
				<pattern id="hatch-plan" width="4" height="4" patternUnits="userSpaceOnUse"
					patternTransform="rotate(45)">
					<rect width="4" height="4" class="fill-power-light" />
					<path d="M0 0v4" class="hatch-power" />
				</pattern>
			</defs>
		</svg>
	);
}

export function Icon({ name, size }: { name: IconName; size?: number }) {
	return (
		<svg class="i" width={size ?? 16} height={size ?? 16} aria-hidden="true" focusable="false">
			<use href={`#i-${name}`} />
		</svg>
	);
}
