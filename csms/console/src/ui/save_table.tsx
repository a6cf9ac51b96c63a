/*
 * A table as a file. Long ones, of which only a part is drawn, give their rows; others are saved as they
 * stand, cell by cell.
 */
import { type Cell, csvText, saveFile } from "../lib/csv.ts";
import { say } from "../messages/say.ts";
import { depotDay } from "../store/store.ts";

const words = (cell: Element): string => (cell as HTMLElement).innerText.replace(/[\u202f\u00a0\s]+/g, " ").trim();

function shown(id: string): Cell[][] {
	return [...document.querySelectorAll(`#${CSS.escape(id)} table tr`)].map((row) => [...row.children].map(words));
}

interface SaveTableProps {
	of: string; /* id of its panel */
	rows?: () => readonly (readonly Cell[])[]; /* with their head */
}

export function SaveTable({ of, rows }: SaveTableProps) {
	const save = () => saveFile(`${of}-${depotDay()}.csv`, "text/csv", csvText(rows?.() ?? shown(of)));
	return <button type="button" class="btn small" data-save={of} onClick={save}>{say.saveCsv}</button>;
}
