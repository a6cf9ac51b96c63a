// docs/ocpp.md, from what the certification cases saw: written with UPDATE_DOCS=1, else compared.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { merged } from './facts.mjs';

const PAGE = 'docs/ocpp.md';
const SCHEMA = 'schemas/ocpp201.schema';

/** All actions as the schema names them: name, who sends it, use case. */
function actions() {
	return [...readFileSync(SCHEMA, 'utf8').matchAll(/^action (\w+) (station|csms|both) (\w+)/gm)]
		.map(([, name, sender, use]) => ({ name, sender, use }));
}

const SENDER = { station: 'station', csms: 'depotd', both: 'both' };

/** A few cases by number, and how many there are more. */
function few(list, most = 6) {
	return list.length <= most ? list.join(', ') || '–' : `${list.slice(0, most).join(', ')} and ${list.length - most} more`;
}

function row(a, f) {
	const seen = [a.sender !== 'csms' && f.in && 'received', a.sender !== 'station' && f.out && 'sent'].filter(Boolean);
	return `| ${a.name} | ${a.use} | ${SENDER[a.sender]} | ${seen.join(', ') || '–'} | ${f.events.join(', ') || '–'} | ${
		f.ends.join(', ') || '–'} | ${few(f.cases)} |`;
}

function sums(judged) {
	const n = (f) => judged.filter(f).length;
	const needed = (c) => c.need !== '-';
	return `${n((c) => c.need === 'M')} mandatory and ${n((c) => c.need === 'C')} conditional cases: ${
		n((c) => needed(c) && c.result === 'passed')} pass, ${n((c) => needed(c) && c.result === 'failed')} fail, ${
		n((c) => needed(c) && c.result === 'elsewhere')} wait for another part of depotd. Of those that no profile needs, ${
		n((c) => !needed(c) && c.result === 'passed')} pass.`;
}

const HEAD = `# OCPP 2.0.1, action by action

Made by \`make certification UPDATE_DOCS=1\` from what the certification cases saw in depotd's wire log and journal; not by hand.

*Stored as*: events of the journal that a message or its answer left, beside the wire log, which has every frame. *Ends*: the states in
which commands of this action ended in the cases. *Cases*: in which the action was on the wire (tests/certification/).
`;

function page(judged) {
	const facts = merged();
	const none = { in: 0, out: 0, events: [], ends: [], cases: [] };
	const rows = actions().map((a) => row(a, facts[a.name] ?? none));
	const waits = judged.filter((c) => c.result === 'elsewhere').map((c) => `- ${c.id} ${c.name}: ${c.why}`);
	return `${HEAD}\n${sums(judged)}\n\n| action | use case | sent by | seen | stored as | ends | cases |\n|---|---|---|---|---|---|---|\n${
		rows.join('\n')}\n${waits.length ? `\n## Cases that wait\n\n${waits.join('\n')}\n` : ''}`;
}

/** What has to agree: the sums, and which actions were seen. The cases of an action differ a little from run to run. */
const gist = (text) => [/^\d+ mandatory .*$/m.exec(text)?.[0],
	...[...text.matchAll(/^\| (\w+) \| \w+ \| \w+ \| ([^|]+) \|/gm)].map((m) => `${m[1]}: ${m[2]}`)].join('\n');

/** True if the manual says what the cases saw. */
export function holdManual(judged) {
	const text = page(judged);
	if (process.env.UPDATE_DOCS) writeFileSync(PAGE, text);
	return existsSync(PAGE) && gist(readFileSync(PAGE, 'utf8')) === gist(text);
}
