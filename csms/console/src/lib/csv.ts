/*
 * Tables as files. A cell that a spreadsheet would take for a formula is text to it.
 */
export type Cell = string | number | undefined;

function cell(x: Cell): string {
	if (x === undefined) return "";
	if (typeof x === "number") return String(x);
	const safe = /^[=+\-@\t\r]/.test(x) ? `'${x}` : x;
	return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvText = (rows: readonly (readonly Cell[])[]): string =>
	rows.map((r) => `${r.map(cell).join(",")}\r\n`).join("");

export function saveFile(name: string, type: string, text: string): void {
	const a = document.createElement("a");
	a.href = URL.createObjectURL(new Blob([text], { type }));
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
