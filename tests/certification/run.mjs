// Runs the certification cases and says by block and by certification profile what came of them.
//   node tests/certification/run.mjs [A B …]     only these blocks; BUILD names the build folder
// Ends with 1 when a case fails, when one that a profile needs has no test, or when a test is no case.
// The results go to BUILD/certification.json, from which docs/ocpp.md takes them.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BUILD } from '../e2e/harness.mjs';
import { blocks, cases, elsewhere, need } from './cases.mjs';
import { forget } from './facts.mjs';
import { holdManual } from './manual.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const only = process.argv.slice(2).map((b) => b.toUpperCase());
const wanted = (block) => !only.length || only.includes(block);

/** The messages of an error and of what caused it, one line each. */
function reason(error) {
	const lines = [];
	for (let e = error; e && lines.length < 3; e = e.cause)
		if (e.message && !lines.includes(e.message)) lines.push(e.message);
	return (lines.pop() ?? 'failed').split('\n').filter((l) => !/^\s+at /.test(l)).slice(0, 12).join('\n');
}

/** Runs the files: a Map from the name of each top-level test to undefined, or why it failed. */
function runFiles(files) {
	const results = new Map();
	const inner = new Map(); // file → first failure of a test within the one that is running
	const stream = run({ files, concurrency: Number(process.env.SIDE_BY_SIDE ?? 4) });
	stream.on('test:pass', ({ name, nesting, file }) => {
		if (nesting === 0) results.set(name, undefined);
		if (nesting === 0) inner.delete(file);
	});
	stream.on('test:fail', ({ name, nesting, file, details }) => {
		const why = reason(details.error);
		if (nesting > 0 && !inner.has(file)) inner.set(file, `${name}: ${why}`);
		if (nesting > 0) return;
		results.set(name, inner.get(file) ?? why);
		inner.delete(file);
	});
	return new Promise((ok) => stream.on('end', () => ok(results)).resume());
}

function judge(results) {
	return cases.filter((c) => wanted(c.block)).map((c) => {
		const name = [...results.keys()].find((n) => n.split(' ')[0] === c.id);
		const why = name && results.get(name);
		return {
			...c, need: need(c),
			result: name ? (why ? 'failed' : 'passed') : elsewhere[c.number] ? 'elsewhere' :
				need(c) === '-' ? 'not needed' : 'untested',
			...(why && { why }), ...(!name && elsewhere[c.number] && { why: elsewhere[c.number] }),
		};
	});
}

const COLUMNS = ['mandatory', 'conditional', 'extra', 'passed', 'failed', 'elsewhere', 'untested'];

/** Counts the cases of one line; `needOf` says how they are needed there. */
function counts(list, needOf) {
	const of = (f) => list.filter(f).length;
	return [of((c) => needOf(c) === 'M'), of((c) => needOf(c) === 'C'), of((c) => needOf(c) === '-'),
		...COLUMNS.slice(3).map((r) => of((c) => c.result === r))];
}

const line = (name, numbers) => console.log(name.padEnd(36) + numbers.map((n, i) =>
	String(n === 0 ? '·' : n).padStart(COLUMNS[i].length + 2)).join(''));

function table(title, rows) {
	console.log(`\n${title.padEnd(36)}${COLUMNS.map((c) => `  ${c}`).join('')}`);
	for (const [name, numbers] of rows) line(name, numbers);
}

function print(judged) {
	const tried = judged.filter((c) => c.result !== 'not needed');
	table('Block', Object.entries(blocks).filter(([b]) => wanted(b)).map(([b, name]) =>
		[`${b} ${name}`, counts(tried.filter((c) => c.block === b), (c) => c.need)]));
	const names = [...new Set(cases.flatMap((c) => c.profiles.map((p) => p.profile)))];
	const within = (c, name) => c.profiles.find((p) => p.profile === name);
	table('Certification profile', names.map((name) =>
		[name, counts(tried.filter((c) => within(c, name)), (c) => within(c, name).need)])
		.concat([['in any profile', counts(tried.filter((c) => c.need !== '-'), (c) => c.need)]]));
	for (const c of judged.filter((x) => x.result === 'elsewhere')) console.log(`elsewhere  ${c.id}: ${c.why}`);
	for (const c of judged.filter((x) => x.result === 'untested')) console.log(`UNTESTED   ${c.id} ${c.name}`);
	for (const c of judged.filter((x) => x.result === 'failed'))
		console.log(`FAILED     ${c.id} ${c.name}\n           ${c.why.replace(/\n/g, '\n           ')}`);
}

const files = readdirSync(here).filter((f) => /^block_[a-p]\.test\.mjs$/.test(f) && wanted(f[6].toUpperCase()));
forget();
const results = await runFiles(files.map((f) => join(here, f)));
const judged = judge(results);
const strangers = [...results.keys()].filter((n) => !cases.some((c) => c.id === n.split(' ')[0]));
print(judged);
for (const name of strangers) console.log(`NO CASE    ${name}: ${results.get(name) ?? 'passed'}`);
mkdirSync(BUILD, { recursive: true });
if (!only.length)
	writeFileSync(join(BUILD, 'certification.json'), JSON.stringify({ cases: judged }, null, '\t') + '\n');
const manual = only.length || holdManual(judged);
if (!manual) console.log('docs/ocpp.md is old: make certification UPDATE_DOCS=1');
const bad = judged.filter((c) => ['failed', 'untested'].includes(c.result)).length + strangers.length + !manual;
console.log(`\n${judged.filter((c) => c.result === 'passed').length} passed, ${bad} failed`);
process.exitCode = bad ? 1 : 0;
