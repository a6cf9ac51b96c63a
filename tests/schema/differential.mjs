// Judges messages twice: by ajv with the official schemas of OCPP 2.0.1 and 1.6 (with the security
// extension), as the npm package ocpp-rpc carries them, and by our codec (judge.c). For each of the
// 128 and 78 messages: random valid instances, and
// instances with one fault each. Any disagreement that no rule below explains is a failure, and so
// is a fault that our codec names wrongly or finds at another path.
//
// usage: node differential.mjs [JUDGE]     environment: SEED, COUNT (instances of either sort)

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const judgePath = process.argv[2] ?? join(here, '../../build/tests/schema/judge');
const seed = Number(process.env.SEED ?? Date.now() % 0xffffffff) >>> 0;
const count = Number(process.env.COUNT ?? 200);

const library = (file) => require(join(dirname(require.resolve('ocpp-rpc')), 'lib', file));
const validators = library('standard-validators.js');

/** The messages of each version: {subprotocol, file, messages}. */
const versions = [
	{ subprotocol: 'ocpp1.6', file: 'schemas/ocpp1_6.json', messages: 78 },
	{ subprotocol: 'ocpp2.0.1', file: 'schemas/ocpp2_0_1.json', messages: 128 },
].map((v) => ({
	...v,
	ajv: validators.find((known) => known.subprotocol === v.subprotocol)._ajv,
	schemas: library(v.file),
}));

// -- chance -------------------------------------------------------------------------------------

let state = seed;

/** mulberry32: a whole number below n */
function below(n) {
	state = (state + 0x6d2b79f5) >>> 0;
	let t = state;
	t = Math.imul(t ^ (t >>> 15), t | 1);
	t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
	return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
}

const pick = (list) => list[below(list.length)];
const chance = (n) => below(n) === 0;

// -- valid instances ----------------------------------------------------------------------------

const letters = [
	...'abcXYZ019 -_."\\/\b\f\n\r\t\u007f\u00e9\u0800\uffff\u{10000}\u{1f69a}\u{10ffff}',
];

function text(points) {
	let s = '';
	for (let i = 0; i < points; i++) s += pick(letters);
	return s;
}

const offsets = ['Z', 'z', '+01:00', '-11:30', '+0545', '-03', '+23:59', '-00:00'];

function two(n) {
	return String(n).padStart(2, '0');
}

function dateTime() {
	const date = `${1000 + below(9000)}-${two(1 + below(12))}-${two(1 + below(28))}`;
	const time = `${two(below(24))}:${two(below(60))}:${two(below(60))}`;
	const fraction = chance(2) ? '' : '.' + '0123456789'.slice(below(9), 10);
	return date + pick(['T', 'T', 't', ' ']) + time + fraction + pick(offsets);
}

function integer(schema) {
	const low = schema.minimum ?? -2147483648;
	const high = schema.maximum ?? 2147483647;
	return pick([
		low,
		high,
		Math.max(low, Math.min(high, below(1000))),
		low + below(high - low + 1),
	]);
}

function number(schema) {
	if (schema.multipleOf) return chance(9) ? 0.25 : below(100000) / 10;
	if (schema.minimum !== undefined || schema.maximum !== undefined)
		return Math.max(
			schema.minimum ?? 0,
			Math.min(schema.maximum ?? 1e9, below(10000) / 8),
		);
	return pick([
		0,
		-1,
		0.1,
		230.5,
		-1e-9,
		1e21,
		123456789.123,
		below(1e6) / 1000,
		5e-324,
		-1.7e308,
	]);
}

const anything = () =>
	pick([null, true, 0.5, 'text', [], {}, [1, [{ a: null }]], { '': { b: 'é' } }]);

/** Follows a $ref inside the message's own file. */
function resolve(root, schema) {
	while (schema.$ref) schema = root.definitions[schema.$ref.split('/').pop()];
	return schema;
}

function instance(root, given) {
	const schema = resolve(root, given);
	if (schema.enum) return pick(schema.enum);
	switch (schema.type) {
		case 'string':
			if (schema.format === 'uri')
				return pick(['ftp://u:p@h/x', 'https://h:1/', 'no where']);
			return schema.format
				? dateTime()
				: text(
						chance(8)
							? (schema.maxLength ?? 300)
							: below(
									Math.min(
										schema.maxLength ??
											20,
										20,
									) + 1,
								),
					);
		case 'integer':
			return integer(schema);
		case 'number':
			return number(schema);
		case 'boolean':
			return chance(2);
		case 'array': {
			const low = schema.minItems ?? 0;
			const high = Math.min(schema.maxItems ?? 3, chance(40) ? 40 : 3);
			return Array.from({ length: low + below(high - low + 1) }, () =>
				instance(root, schema.items),
			);
		}
		case 'object':
			return object(root, schema);
		default:
			return anything();
	}
}

function object(root, schema) {
	const out = {};
	for (const [key, value] of Object.entries(schema.properties ?? {}))
		if (schema.required?.includes(key) || chance(2)) out[key] = instance(root, value);
	if (schema.additionalProperties !== false && chance(2))
		out[pick(['extra', 'x y', 'é', '__proto'])] = anything();
	return out;
}

// -- JSON text in many spellings ----------------------------------------------------------------

/** Text that stands for itself in the output: numbers that JavaScript cannot hold, and so on. */
class Raw {
	constructor(json) {
		this.json = json;
	}
}

const blank = () => (chance(12) ? pick([' ', '\t', '  ', '\r']) : '');

function spell(s) {
	const json = JSON.stringify(s);
	if (!chance(6)) return json;
	const escape = (c) =>
		chance(3) && c !== '"' && c !== '\\'
			? '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')
			: c;
	// Only texts without escapes are spelt anew, or an escape would be cut in two.
	return json.includes('\\')
		? json
		: '"' + json.slice(1, -1).replace(/[^]/g, escapePairs(escape)) + '"';
}

/** Both halves of a surrogate pair must be spelt alike. */
function escapePairs(escape) {
	let high = '';
	return (c) => {
		const code = c.charCodeAt(0);
		if (code >= 0xd800 && code <= 0xdbff) {
			high = c;
			return '';
		}
		if (code >= 0xdc00 && code <= 0xdfff) {
			const pair = [high, c];
			high = '';
			return chance(3)
				? pair.map((h) => '\\u' + h.charCodeAt(0).toString(16)).join('')
				: pair.join('');
		}
		return escape(c);
	};
}

function spellNumber(n) {
	if (Number.isInteger(n) && Math.abs(n) < 1e9 && chance(6))
		return pick([`${n}.0`, `${n}e0`, `${n}E+0`, `${n}.000e00`, `${n * 10}e-1`]);
	return JSON.stringify(n);
}

function serialise(value) {
	if (value instanceof Raw) return value.json;
	if (typeof value === 'number') return spellNumber(value);
	if (typeof value === 'string') return spell(value);
	if (Array.isArray(value))
		return '[' + value.map((v) => blank() + serialise(v) + blank()).join(',') + ']';
	if (value && typeof value === 'object') {
		const keys = Object.keys(value);
		if (chance(4)) keys.sort(() => below(3) - 1);
		return (
			'{' +
			keys
				.map(
					(k) =>
						blank() +
						spell(k) +
						blank() +
						':' +
						blank() +
						serialise(value[k]) +
						blank(),
				)
				.join(',') +
			'}'
		);
	}
	return JSON.stringify(value);
}

// -- single faults ------------------------------------------------------------------------------

/** Every place of an instance with its schema: {holder, key, schema, path}. */
function sites(root, given, value, holder, key, path, out) {
	const schema = resolve(root, given);
	out.push({ holder, key, schema, path, value });
	if (schema.type === 'object')
		for (const k of Object.keys(value))
			if (schema.properties?.[k])
				sites(
					root,
					schema.properties[k],
					value[k],
					value,
					k,
					path ? `${path}.${k}` : k,
					out,
				);
	if (schema.type === 'array')
		value.forEach((v, i) =>
			sites(root, schema.items, v, value, i, `${path}[${i}]`, out),
		);
	return out;
}

const badDates = [
	'',
	'2024-02-30T00:00:00Z',
	'2023-02-29T00:00:00Z',
	'1900-02-29T00:00:00Z',
	'2000-02-29T00:00:00Z',
	'2024-00-01T00:00:00Z',
	'2024-13-01T00:00:00Z',
	'2024-01-00T00:00:00Z',
	'2024-01-32T00:00:00Z',
	'2024-01-01T24:00:00Z',
	'2024-01-01T00:60:00Z',
	'2024-01-01T00:00:61Z',
	'2016-12-31T23:59:60Z',
	'2016-12-31T22:59:60Z',
	'2016-12-31T23:59:60+01:00',
	'2017-01-01T00:59:60+01:00',
	'2024-01-01T00:00:00',
	'2024-01-01T00:00:00.5',
	'2024-01-01T00:00:00.Z',
	'2024-01-01T00:00Z',
	'2024-01-01',
	'24-01-01T00:00:00Z',
	'2024-1-1T0:0:0Z',
	'2024-01-01T00:00:00+1:00',
	'2024-01-01T00:00:00+24:00',
	'2024-01-01T00:00:00+23:60',
	'2024-01-01T00:00:00 Z',
	' 2024-01-01T00:00:00Z',
	'2024-01-01T00:00:00Z ',
	'2024-01-01T00:00:00Z\n',
	'2024-01-01\nT00:00:00Z',
	'2024-01-01\t00:00:00Z',
	'2024-01-01\u00a000:00:00Z',
	'2024-01-01_00:00:00Z',
	'2024/01/01T00:00:00Z',
	'12024-01-01T00:00:00Z',
	'-2024-01-01T00:00:00Z',
	'2024-01-01T00:00:00,5Z',
	'\uff12024-01-01T00:00:00Z',
	'1709251200',
	'now',
	'2024-01-01T00:00:00+',
	'2024-01-01T00:00:00+01:',
	'2024-01-01T00:00:00+01:0',
	'0000-01-01T00:00:00Z',
	'2024-01-01T00:00:00ZZ',
	'2024-01-01T00:00:00Z+01:00',
	'2024-01-01TT00:00:00Z',
];

const others = {
	string: ['string', 'date'],
	integer: ['number'],
	number: ['number'],
	boolean: ['boolean'],
	array: ['array'],
	object: ['object'],
};
const values = { string: 'x', number: 7, boolean: true, array: [], object: {}, null: null };

/** Each returns the fault {fault, path} that it made at the site, or undefined if it cannot. */
const mutations = {
	wrongType(site) {
		if (!site.schema.type) return undefined;
		const kinds = Object.keys(values).filter(
			(k) => !others[site.schema.type].includes(k),
		);
		site.holder[site.key] = values[pick(kinds)];
		return { fault: 'BadType', path: site.path };
	},
	missing(site) {
		const key = pick(site.schema.required ?? [undefined]);
		if (site.schema.type !== 'object' || !key) return undefined;
		delete site.value[key];
		return { fault: 'Missing', path: site.path ? `${site.path}.${key}` : key };
	},
	unknown(site) {
		if (site.schema.type !== 'object' || site.schema.additionalProperties !== false)
			return undefined;
		const near = Object.keys(site.schema.properties ?? {})[0] ?? 'status';
		const key = pick([
			'foo',
			'',
			'x-y',
			near.toUpperCase(),
			near + 's',
			near.slice(0, -1),
		]);
		if (site.schema.properties?.[key]) return undefined;
		site.value[key] = anything();
		const path = site.path ? `${site.path}.${key}` : key;
		return { fault: 'Unknown', path };
	},
	tooLong(site) {
		if (site.schema.type !== 'string' || !site.schema.maxLength) return undefined;
		const over = chance(3) ? 0 : 1 + below(3); // without: as long as allowed, in astral letters
		site.holder[site.key] = pick(['a', 'é', '\u{1f69a}']).repeat(
			site.schema.maxLength + over,
		);
		return over ? { fault: 'BadLength', path: site.path } : {};
	},
	badEnum(site) {
		if (!site.schema.enum) return undefined;
		const good = pick(site.schema.enum);
		const bad = pick([
			good.toLowerCase(),
			good.toUpperCase(),
			good + ' ',
			'',
			good.slice(0, -1),
			good + 'x',
			'é',
		]);
		if (site.schema.enum.includes(bad)) return undefined;
		site.holder[site.key] = bad;
		return { fault: 'BadEnum', path: site.path };
	},
	badDateTime(site) {
		if (site.schema.format !== 'date-time') return undefined;
		site.holder[site.key] = pick(badDates);
		return {};
	},
	outOfRange(site) {
		const { type, minimum, maximum } = site.schema;
		if (type !== 'integer' && type !== 'number') return undefined;
		const bad = [];
		if (minimum !== undefined) bad.push(minimum - 1);
		if (maximum !== undefined) bad.push(maximum + 1);
		bad.push(new Raw(pick(['1e999', '-1e999'])));
		if (type === 'integer')
			bad.push(
				1.5,
				-0.001,
				new Raw(
					pick([
						'2147483648',
						'-2147483649',
						'1e10',
						'9007199254740993',
						'123456789012345678901234567890',
						'1e300',
					]),
				),
			);
		site.holder[site.key] = pick(bad);
		return { fault: 'BadRange', path: site.path };
	},
	itemCount(site) {
		if (site.schema.type !== 'array') return undefined;
		const { minItems, maxItems } = site.schema;
		if (maxItems !== undefined && chance(2) && site.value.length > 0) {
			while (site.value.length <= maxItems) site.value.push(site.value[0]);
			return { fault: 'BadItems', path: site.path };
		}
		if (!minItems) return undefined;
		site.value.length = minItems - 1;
		return { fault: 'BadItems', path: site.path };
	},
	duplicate(site) {
		const known = Object.keys(site.value ?? {}).filter(
			(k) => site.schema.properties?.[k],
		);
		if (site.schema.type !== 'object' || known.length === 0) return undefined;
		const key = pick(known);
		const json = serialise(site.value);
		const copy = `${JSON.stringify(key)}:${serialise(site.value[key])}`;
		const raw = new Raw(`${json.slice(0, -1)},${copy}}`);
		site.holder[site.key] = raw;
		return { fault: 'Duplicate', path: site.path ? `${site.path}.${key}` : key };
	},
	strangeText(site) {
		if (site.schema.type !== 'string' || site.schema.enum || site.schema.format)
			return undefined;
		site.holder[site.key] = new Raw(
			pick([
				'"\\u0000"',
				'"a\\u0000b"',
				'"\\ud800"',
				'"\\udc00\\ud800"',
				'"\\ud83d\\ud83d"',
				'"\\uD83D\\uDE9A"',
				'"\\u12g4"',
				'"\\x"',
				'"a\u0001"',
				"'a'",
				'"\\/\\b\\f\\n\\r\\t"',
			]),
		);
		return {};
	},
	deep(site) {
		if (site.schema.additionalProperties === false || site.schema.type !== 'object')
			return undefined;
		site.value.deep = new Raw('['.repeat(40) + ']'.repeat(40));
		return { fault: 'BadSyntax', path: '' };
	},
};

/** Faults in the text itself. */
const spoilers = [
	(s) => s.slice(0, -1),
	(s) => s + '}',
	(s) => s + ' null',
	(s) => s.replace(/}$/, ',}'),
	(s) => s.replace(/^{/, '{,'),
	(s) => '\ufeff' + s,
	(s) => s.replace(/:/, ''),
	(s) => s.replace(/}$/, ',"x":01}'),
	(s) => s.replace(/}$/, ',"x":1.}'),
	(s) => s.replace(/}$/, ',"x":.5}'),
	(s) => s.replace(/}$/, ',"x":+1}'),
	(s) => s.replace(/}$/, ',"x":1e}'),
	(s) => s.replace(/}$/, ',"x":-}'),
	(s) => s.replace(/}$/, ',"x":NaN}'),
	(s) => s.replace(/}$/, ',"x":tru}'),
	(s) => s.replace(/}$/, ',x:1}'),
	(s) => s.replace(/}$/, '/**/}'),
	(s) => s.replace(/}$/, '\u000b}'),
	() => '',
	() => '[',
	() => '"',
];

function spoil(root) {
	const good = serialise(instance(root, root));
	const text = pick(spoilers)(good);
	if (text === good) return spoil(root);
	return { kind: 'syntax', text, expected: { fault: 'BadSyntax', path: '' } };
}

function shuffled(list) {
	return list
		.map((v) => [below(1 << 30), v])
		.sort((a, b) => a[0] - b[0])
		.map((p) => p[1]);
}

/** One fault of a random kind at a random place that can have it. */
function mutate(root) {
	for (;;) {
		if (chance(12)) return spoil(root);
		const [kind, mutation] = pick(Object.entries(mutations));
		const holder = { whole: instance(root, root) };
		for (const site of shuffled(
			sites(root, root, holder.whole, holder, 'whole', '', []),
		)) {
			const expected = mutation(site);
			if (expected) return { kind, text: serialise(holder.whole), expected };
		}
	}
}

// -- where the two may differ, and why ----------------------------------------------------------

const at = (message, path) => {
	let value = message;
	for (const step of path.matchAll(/[^.[\]]+/g)) value = value?.[step[0]];
	return value;
};

function dates(value, out = []) {
	if (typeof value === 'string' && /^\d{4}-/.test(value)) out.push(value);
	else if (value && typeof value === 'object')
		Object.values(value).forEach((v) => dates(v, out));
	return out;
}

/** Each: when it applies, and the reason. `c` has text, message (parsed), ajv (bool), ours {fault, path}. */
const rules = [
	{
		why: 'a key that stands twice is refused; JSON.parse takes the last one',
		when: (c) => c.ajv && c.ours.fault === 'Duplicate' && c.kind === 'duplicate',
	},
	{
		why: 'OCPP integers are 32-bit signed (part 2); the schemas do not say so',
		when: (c) =>
			c.ajv &&
			c.ours.fault === 'BadRange' &&
			Number.isInteger(at(c.message, c.ours.path)) &&
			Math.abs(at(c.message, c.ours.path)) > 2147483647,
	},
	{
		why: 'NUL and lone surrogates are no text that a database or a C string can keep',
		when: (c) =>
			c.ajv &&
			c.ours.fault === 'BadSyntax' &&
			/NUL|lone surrogate/.test(c.ours.message) &&
			c.kind === 'strangeText',
	},
	{
		why: 'a multiple of 0.1 is no matter of binary fractions: what we send is rounded to it',
		when: (c) => !c.ajv && c.validate.errors?.some((e) => e.keyword === 'multipleOf'),
	},
	{
		why: 'where a file lies is a text for us: ajv looks for a URI',
		when: (c) => !c.ajv && c.validate.errors?.some((e) => e.params?.format === 'uri'),
	},
	{
		why: 'nesting is capped at 32, ajv takes any depth',
		when: (c) => c.ajv && c.ours.fault === 'BadSyntax' && c.kind === 'deep',
	},
	{
		why: 'RFC 3339 demands an offset; ajv-formats 2 lets it be absent by mistake',
		when: (c) =>
			c.ajv &&
			c.ours.fault === 'BadFormat' &&
			!/(z|[+-]\d\d(:?\d\d)?)$/i.test(at(c.message, c.ours.path)),
	},
	{
		why: 'RFC 3339 bounds the offset to 23:59; ajv-formats 2 does not look',
		when: (c) =>
			c.ajv &&
			c.ours.fault === 'BadFormat' &&
			/([+-]2[4-9]:?\d\d|[+-]\d\d:?[6-9]\d)$/.test(at(c.message, c.ours.path)),
	},
	{
		why: 'RFC 3339 has T or a space in the middle; ajv-formats 2 takes every blank',
		when: (c) =>
			c.ajv &&
			c.ours.fault === 'BadFormat' &&
			/^.{10}[^\S ]/.test(at(c.message, c.ours.path)),
	},
	{
		why: 'a leap second ends a UTC day; ajv-formats 2 looks at local time only (refused by us)',
		when: (c) =>
			c.ajv &&
			c.ours.fault === 'BadFormat' &&
			/:60[+-]/.test(at(c.message, c.ours.path)),
	},
	{
		why: 'a leap second ends a UTC day; ajv-formats 2 looks at local time only (taken by us)',
		when: (c) =>
			!c.ajv &&
			c.ours.fault === 'ok' &&
			dates(c.message).some((d) => /:60[+-]/.test(d)),
	},
];

// -- the run ------------------------------------------------------------------------------------

/** "urn:NotifyReport.req" → "ocpp2.0.1:NotifyReportRequest" */
function typeName(subprotocol, id) {
	const [, action, direction] = /^urn:(\w+)\.(req|conf)$/.exec(id);
	return `${subprotocol}:${action}${direction === 'req' ? 'Request' : 'Response'}`;
}

function casesOf({ subprotocol, ajv, schemas }) {
	const cases = [];
	for (const root of schemas) {
		const type = typeName(subprotocol, root.$id);
		const validate = ajv.getSchema(root.$id);
		for (let i = 0; i < count; i++)
			cases.push({
				type,
				validate,
				kind: 'valid',
				text: serialise(instance(root, root)),
				expected: { fault: 'ok' },
			});
		for (let i = 0; i < count; i++) cases.push({ type, validate, ...mutate(root) });
	}
	return cases;
}

function judgeByAjv(c) {
	try {
		c.message = JSON.parse(c.text);
	} catch {
		return false;
	}
	return c.validate(c.message);
}

function judgeByUs(cases) {
	const input = cases.map((c) => `${c.type}\t${c.text}\n`).join('');
	const run = spawnSync(judgePath, { input, maxBuffer: 1 << 30, encoding: 'utf8' });
	if (run.error || run.status !== 0)
		throw new Error(
			`judge: ${run.error ?? `exit ${run.status} ${run.signal ?? ''}: ${run.stderr}`}`,
		);
	return run.stdout
		.trimEnd()
		.split('\n')
		.map((line) => {
			const [fault, path, message] = line.split('\t');
			return { fault, path, message };
		});
}

/** What is wrong with our verdict on this case, or undefined. */
function complaint(c, used) {
	const oursOk = c.ours.fault === 'ok';
	if (c.ours.fault === 'UNSTABLE') return 'does not survive the round trip';
	if (c.ajv !== oursOk) {
		const rule = rules.find((r) => r.when(c));
		if (!rule) return `ajv says ${c.ajv ? 'valid' : 'invalid'}`;
		used.set(rule.why, (used.get(rule.why) ?? 0) + 1);
	}
	if (c.expected.fault && c.expected.fault !== c.ours.fault)
		return `expected ${c.expected.fault}`;
	if (c.expected.path !== undefined && c.expected.path !== c.ours.path)
		return `expected it at "${c.expected.path}"`;
	return undefined;
}

function main() {
	console.log(`seed ${seed}: ${count} valid and ${count} faulty instances of each message`);
	const cases = versions.flatMap(casesOf);
	const verdicts = judgeByUs(cases);
	const used = new Map();
	const kinds = new Map();
	let failed = 0;
	if (verdicts.length !== cases.length)
		throw new Error(`judge answered ${verdicts.length} of ${cases.length}`);
	cases.forEach((c, i) => {
		c.ours = verdicts[i];
		c.ajv = judgeByAjv(c);
		kinds.set(c.kind, (kinds.get(c.kind) ?? 0) + 1);
		const wrong = complaint(c, used);
		if (wrong && ++failed <= 20)
			console.log(
				`${c.type} (${c.kind}): ${wrong}, we say ${c.ours.fault} at "${c.ours.path ?? ''}"` +
					` (${c.ours.message ?? ''}): ${c.text.slice(0, 400)}`,
			);
	});
	for (const v of versions)
		if (v.schemas.length !== v.messages) {
			console.log(`${v.subprotocol}: expected ${v.messages} messages`);
			failed++;
		}
	console.log([...kinds].map(([k, n]) => `${k} ${n}`).join(', '));
	for (const [why, n] of used) console.log(`explained ${n}: ${why}`);
	console.log(`${cases.length - failed} passed, ${failed} failed`);
	process.exitCode = failed ? 1 : 0;
}

main();
