/* The interfaces of types.ts against schemas/api.schema: names, optional fields, lists, kinds. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

declare const REPO: string;

const KINDS: Record<string, string> = {
	string: "string", ident: "string", datetime: "string", int: "number", int64: "number",
	number: "number", bool: "boolean", any: "unknown",
};

function parseSchema(text: string): Map<string, string[]> {
	const structs = new Map<string, string[]>();
	const enums = new Map<string, string>();
	let fields: string[] | undefined;
	let values: string[] | undefined;
	let enumName = "";
	for (const line of text.split("\n")) {
		const head = /^(struct|enum) (\w+)/.exec(line);
		if (head) {
			fields = head[1] === "struct" ? [] : undefined;
			values = head[1] === "enum" ? [] : undefined;
			enumName = head[2]!;
			if (fields) structs.set(head[2]!.replace(/Type$/, ""), fields);
			continue;
		}
		const member = /^\t(\w+)(\?)?(\[[^\]]*\])?(?:\s+(\w+))?/.exec(line);
		if (!member) continue;
		if (values) {
			values.push(`"${member[1]}"`);
			enums.set(enumName, values.join(" | "));
		} else if (fields) {
			const raw = member[4]!;
			const kind = KINDS[raw] ?? enums.get(raw) ?? raw.replace(/Type$/, "");
			fields.push(`${member[1]}${member[2] ?? ""}: ${kind}${member[3] ? "[]" : ""}`);
		}
	}
	return structs;
}

function parseInterfaces(text: string): Map<string, string[]> {
	const found = new Map<string, string[]>();
	for (const block of text.matchAll(/export interface (\w+) \{\n([^}]*)\}/g)) {
		found.set(block[1]!, block[2]!.trim().split("\n").map((l) => l.trim().replace(/;$/, "")));
	}
	return found;
}

test("every interface of the console is the API's struct, field by field", () => {
	const schema = parseSchema(readFileSync(join(REPO, "schemas/api.schema"), "utf8"));
	const folder = join(REPO, "csms/console/src/api");
	const ours = parseInterfaces(readdirSync(folder).filter((f) => f.startsWith("types"))
		.map((f) => readFileSync(join(folder, f), "utf8")).join("\n"));
	assert.ok(ours.size >= 12);
	for (const [name, fields] of ours) assert.deepEqual(fields, schema.get(name), name);
});
