/* Small fields of the tariff's form. */
import { linesOf, wordsOf } from "../../store/tariffs.ts";

interface TextProps {
	label: string;
	value: string | undefined;
	set: (x: string) => void;
	hint?: string;
	isOff?: boolean;
}

export function TextField({ label, value, set, hint, isOff = false }: TextProps) {
	return (
		<label>{label}
			<input type="text" value={value ?? ""} placeholder={hint} disabled={isOff} onChange={(e) => set(e.currentTarget.value.trim())} />
		</label>
	);
}

export function DateField({ label, value, set }: TextProps) {
	return <label>{label}<input type="date" value={value ?? ""} onChange={(e) => set(e.currentTarget.value)} /></label>;
}

export function NumField({ label, value, set }: { label: string; value: number | undefined; set: (x: number | undefined) => void }) {
	return (
		<label>{label}
			<input type="number" step="any" value={value ?? ""} onChange={(e) => set(e.currentTarget.value === "" ? undefined : Number(e.currentTarget.value))} />
		</label>
	);
}

export function WordsField({ label, value, set, hint }: { label: string; value: string[] | undefined; set: (x: string[]) => void; hint: string }) {
	return <TextField label={label} value={(value ?? []).join(" ")} hint={hint} set={(x) => set(wordsOf(x))} />;
}

export function LinesField({ label, value, set, hint }: { label: string; value: string[] | undefined; set: (x: string[]) => void; hint: string }) {
	return (
		<label class="wide">{label}
			<textarea value={(value ?? []).join("\n")} placeholder={hint} onChange={(e) => set(linesOf(e.currentTarget.value))} />
		</label>
	);
}

/* A list with one item changed, or gone. */
export const withItem = <T,>(list: readonly T[], i: number, item: T | undefined): T[] =>
	(item === undefined ? list.filter((_, n) => n !== i) : list.map((x, n) => (n === i ? item : x)));
