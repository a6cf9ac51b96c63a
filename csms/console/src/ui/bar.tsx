/*
 * Bars: power against a limit, battery against what is needed. Widths are per cent of the track, so
 * hatches keep their pitch at any width. The numbers always stand beside; the bar itself is mute
 * unless it gets a label.
 */
interface BarProps {
	value?: number | undefined; /* 0..100, clipped */
	notch?: number | undefined;
	planned?: number | undefined; /* hatched from value to here */
	tone?: "power" | "base" | "over";
	isOld?: boolean;
	label?: string;
}

const clip = (x: number) => Math.min(100, Math.max(0, x));

export function Bar({ value, notch, planned, tone = "power", isOld = false, label }: BarProps) {
	const now = value === undefined ? undefined : clip(value);
	const plan = planned === undefined ? undefined : clip(planned);
	const semantics = label === undefined
		? { "aria-hidden": "true" as const }
		: { role: "img" as const, "aria-label": label };
	return (
		<svg class="bar" width="100%" height="18" focusable="false" {...semantics}>
			<rect class={now === undefined ? "bar-track none" : "bar-track"} y="4" width="100%" height="10" />
			{now === undefined && <rect y="4" width="100%" height="10" fill="url(#hatch-none)" />}
			{now !== undefined && plan !== undefined && plan > now && (
				<rect x={`${now}%`} y="4" width={`${plan - now}%`} height="10" fill="url(#hatch-plan)" />
			)}
			{now !== undefined && now > 0 && (
				<rect class={isOld ? "bar-fill old" : `bar-fill ${tone}`}
					y={isOld ? 4.75 : 4} width={`${now}%`} height={isOld ? 8.5 : 10} />
			)}
			{notch !== undefined && (
				<rect class="bar-notch" x={`${clip(notch)}%`} y="0" width="2.5" height="18"
					transform="translate(-1.25)" />
			)}
		</svg>
	);
}
