/* A QR code as SVG: dark on white in both themes, with the quiet zone that readers need (ISO/IEC 18004). */
import { encode } from "uqr";

const QUIET = 4; /* modules */

/* Its modules, row by row: true is dark. */
export const qrRows = (text: string): boolean[][] => encode(text, { ecc: "M", border: 0 }).data;

/* One path of all dark modules, a run of a row at a time. */
export function qrPath(rows: readonly (readonly boolean[])[]): string {
	let path = "";
	rows.forEach((row, y) => {
		let from = -1;
		for (let x = 0; x <= row.length; x += 1) {
			if (row[x] && from < 0) from = x;
			if (row[x] || from < 0) continue;
			path += `M${from + QUIET} ${y + QUIET}h${x - from}v1h${from - x}z`;
			from = -1;
		}
	});
	return path;
}

export function Qr({ text, label }: { text: string; label: string }) {
	const rows = qrRows(text);
	const side = rows.length + 2 * QUIET;
	return (
		<svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label} shape-rendering="crispEdges">
			<rect width={side} height={side} fill="#fff" />
			<path d={qrPath(rows)} fill="#000" />
		</svg>
	);
}
