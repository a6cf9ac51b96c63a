/* How far something is, in words and as a bar. */
export function Progress({ value, most, label }: { value: number; most: number; label: string }) {
	return (
		<label class="progress">
			<progress value={Math.min(value, most)} max={Math.max(most, 1)} /> <span>{label}</span>
		</label>
	);
}
