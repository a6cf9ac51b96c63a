/*
 * Forms of commands: from the fields that the server tells to a payload that it takes. Values are
 * kept as they were typed; what is empty is left out. Pure.
 */
import type { CommandForm, FormField, FormStruct } from "../api/types.ts";

/* As typed: text, a tick, a list, or the values of a struct by field name. */
export type Value = string | boolean | Value[] | Values | undefined;
export interface Values {
	[name: string]: Value;
}

export const structOf = (form: CommandForm, name: string | undefined): FormStruct | undefined =>
	(form.structs ?? []).find((s) => s.name === name);

export const requestOf = (form: CommandForm): FormStruct | undefined => form.structs?.[0];

const isValues = (v: Value): v is Values => typeof v === "object" && !Array.isArray(v);

/* What a new value of a field begins as: needed structs and lists are there, ready to be filled. */
export function blank(form: CommandForm, f: FormField, depth = 0): Value {
	if (depth > 6) return undefined;
	if (f.list) return f.required && f.kind === "struct" ? [blankItem(form, f, depth)] : f.required ? [""] : undefined;
	return f.required ? blankItem(form, f, depth) : undefined;
}

/* One of a list, or a single one that is wanted. */
export function blankItem(form: CommandForm, f: FormField, depth = 0): Value {
	if (f.kind === "struct") return blankStruct(form, structOf(form, f.type), depth + 1);
	if (f.kind === "bool") return false;
	return "";
}

export function blankStruct(form: CommandForm, s: FormStruct | undefined, depth = 0): Values {
	const out: Values = {};
	for (const f of s?.fields ?? []) {
		const v = blank(form, f, depth);
		if (v !== undefined) out[f.name] = v;
	}
	return out;
}

/* A payload, as it would be typed: what a button knows already. */
export function typed(x: unknown): Value {
	if (x === null || x === undefined) return undefined;
	if (typeof x === "boolean") return x;
	if (Array.isArray(x)) return x.map(typed);
	if (typeof x === "object") {
		return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, typed(v)]));
	}
	return String(x);
}

/* `over` on `under`, struct by struct. */
export function merged(under: Values, over: Values): Values {
	const out: Values = { ...under };
	for (const [k, v] of Object.entries(over)) {
		const u = out[k];
		out[k] = isValues(v) && isValues(u) ? merged(u, v) : v;
	}
	return out;
}

export interface Fault {
	path: string;
	is: "missing" | "number" | "json" | "time";
}

interface Made {
	value: unknown;
	faults: Fault[];
}

const isEmpty = (v: Value): boolean => v === undefined || v === "" || (Array.isArray(v) && v.length === 0);

function scalar(f: FormField, v: Value, path: string): Made {
	const text = typeof v === "string" ? v.trim() : v;
	const bad = (is: Fault["is"]): Made => ({ value: undefined, faults: [{ path, is }] });
	if (f.kind === "bool") return { value: text === true || text === "true", faults: [] };
	if (typeof text !== "string") return bad("missing");
	if (f.kind === "int" || f.kind === "number") {
		const n = Number(text.replace(",", "."));
		return Number.isFinite(n) ? { value: n, faults: [] } : bad("number");
	}
	if (f.kind === "datetime") {
		const ms = Date.parse(text);
		return Number.isNaN(ms) ? bad("time") : { value: new Date(ms).toISOString(), faults: [] };
	}
	if (f.kind !== "any") return { value: v, faults: [] };
	try {
		return { value: JSON.parse(text) as unknown, faults: [] };
	} catch {
		return bad("json");
	}
}

function one(form: CommandForm, f: FormField, v: Value, path: string): Made {
	if (f.kind !== "struct") return scalar(f, v, path);
	return struct(form, structOf(form, f.type), isValues(v) ? v : {}, path);
}

function struct(form: CommandForm, s: FormStruct | undefined, values: Values, path: string): Made {
	const out: Record<string, unknown> = {};
	const faults: Fault[] = [];
	for (const f of s?.fields ?? []) {
		const at = path === "" ? f.name : `${path}.${f.name}`;
		const v = values[f.name];
		if (isEmpty(v)) {
			if (f.required) faults.push({ path: at, is: "missing" });
			continue;
		}
		if (!f.list) {
			const made = one(form, f, v, at);
			out[f.name] = made.value;
			faults.push(...made.faults);
			continue;
		}
		const items = (Array.isArray(v) ? v : [v]).map((x, i) => (isEmpty(x)
			? { value: undefined, faults: [{ path: `${at}[${i}]`, is: "missing" as const }] } : one(form, f, x, `${at}[${i}]`)));
		out[f.name] = items.map((x) => x.value);
		faults.push(...items.flatMap((x) => x.faults));
	}
	return { value: out, faults };
}

/* The payload, and what is not right in it yet. */
export function payloadOf(form: CommandForm, values: Values): { payload: Record<string, unknown>; faults: Fault[] } {
	const made = struct(form, requestOf(form), values, "");
	return { payload: made.value as Record<string, unknown>, faults: made.faults };
}

/* Fields that a person fills: what depotd makes by itself is not asked for. */
export const asked = (s: FormStruct | undefined): FormField[] => (s?.fields ?? []).filter((f) => !f.made);
