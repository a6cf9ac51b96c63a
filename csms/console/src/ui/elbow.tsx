/* The bend that hangs a row under its parent. */
export function Elbow({ depth }: { depth: number }) {
	if (depth === 0) return null;
	const width = 22 * depth;
	return (
		<svg class="elbow" width={width} height="20" aria-hidden="true" focusable="false">
			<path d={`M${width - 14} 0V10H${width}`} />
		</svg>
	);
}
