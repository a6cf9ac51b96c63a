import assert from "node:assert/strict";
import test from "node:test";
import { qrPath, qrRows } from "../../../csms/console/src/ui/qr.tsx";

/* What the path paints, module by module, without its quiet zone of 4. */
function painted(path: string, size: number): boolean[][] {
	const out = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
	for (const [, x, y, run] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
		for (let i = 0; i < Number(run); i += 1) out[Number(y) - 4]![Number(x) - 4 + i] = true;
	}
	return out;
}

test("qr: the path paints the code's dark modules and nothing else", () => {
	const rows = qrRows("otpauth://totp/depotd:anna?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=depotd");
	assert.deepEqual(painted(qrPath(rows), rows.length), rows);
	/* the finder pattern in its corner (ISO/IEC 18004 6.3.3) */
	assert.deepEqual(rows.slice(0, 3).map((row) => row.slice(0, 8).map(Number).join("")), ["11111110", "10000010", "10111010"]);
});
