// New passwords for the whole depot by one command: a result for each station, nobody locked out.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BUILD, Depotd, until } from './harness.mjs';
import { PASSWORD, Station, register } from './peer.mjs';

const MANY = 30; // more than are asked at once
let d;

before(async () => {
	d = await new Depotd({ config: 'limits: {call_timeout_s: 2}\ndevice: {inventory: off}\n' }).start();
});
after(() => d?.clean());

const comes = (id, password) => new Station(d, id, { password }).connect().then((s) => s.close().then(() => 101), (e) => e.status);

/** Connected and booted; keeps the password that it is given in `given`, and answers so. */
async function ready(id, status, { echo = false } = {}) {
	await register(d, id);
	const s = new Station(d, id, { handlers: {
		SetVariables: (p) => {
			const { component, variable, attributeValue } = p.setVariableData[0];
			if (variable.name !== 'BasicAuthPassword') return { setVariableResult: [{ attributeStatus: 'UnknownVariable', component, variable }] };
			s.given = attributeValue;
			if (status === 'silence') return undefined;
			return { setVariableResult: [{ attributeStatus: status, component, variable,
				...(echo && { attributeStatusInfo: { reasonCode: 'Told', additionalInfo: `it is ${s.given}` } }) }] };
		},
	} });
	await s.connect();
	await s.boot();
	return s;
}

test('rule 23: one command changes every password, with a result for each station', async () => {
	const good = await Promise.all(Array.from({ length: MANY }, (_, i) => ready(`R-${i}`, 'Accepted', { echo: i % 2 === 0 })));
	const refuses = await ready('R-NO', 'Rejected'), silent = await ready('R-LOST', 'silence');
	await register(d, 'R-AWAY');
	const { stdout } = await promisify(execFile)(join(BUILD, 'depotctl'),
		['--socket', join(d.data, 'depotd.sock'), '--json', 'password', 'rotate', '--all', '--why', 'yearly'], { timeout: 60000 })
		.catch((e) => e); // not all were changed
	const job = JSON.parse(stdout);
	const of = Object.fromEntries(job.results.map((r) => [r.station, r]));
	assert.equal(job.stations, MANY + 4, 'CP-1 of the depot\'s file too');
	assert.equal(job.results.length, job.stations);
	assert.equal(job.done, MANY);
	assert.equal(job.why, 'yearly');
	assert.deepEqual([of['R-NO'].state, of['R-LOST'].state, of['R-AWAY'].state], ['refused', 'unknown', 'refused']);
	assert.match(of['R-AWAY'].note, /not connected/);

	const passwords = good.map((s) => s.given);
	assert.equal(new Set(passwords).size, MANY);
	for (const p of passwords) assert.match(p, /^[A-Za-z0-9]{40}$/);
	for (const s of good) await s.closed; // it comes back with the new one
	for (const i of [0, 1, MANY - 1]) {
		assert.equal(await comes(`R-${i}`, PASSWORD), 401);
		assert.equal(await comes(`R-${i}`, passwords[i]), 101);
	}
	assert.equal(await comes('R-NO', refuses.given), 401);
	assert.equal(await comes('R-NO', PASSWORD), 101);
	assert.equal(await comes('R-AWAY', PASSWORD), 101);
	// whether it took it is unknown: both work until one is used
	assert.equal(await comes('R-LOST', silent.given), 101);
	assert.equal(await comes('R-LOST', PASSWORD), 401);
});

test('a password that was made stands nowhere: not in the journal, the wire log, the log, or any answer', async () => {
	const s = await ready('R-SEEN', 'Accepted', { echo: true });
	const r = await d.api('POST', '/password-rotation', { stations: ['r-seen', 'R-SEEN'] });
	assert.deepEqual([r.status, r.json.stations], [202, 1]);
	await until('its end', async () => (await d.api('GET', `/jobs/${r.json.id}`)).json.done === 1);
	assert.ok(s.given);
	await d.stop();
	for (const name of readdirSync(d.data).filter((n) => /\.db/.test(n)))
		assert.ok(!readFileSync(join(d.data, name)).includes(s.given), name);
	assert.ok(!d.logged().includes(s.given));
	await d.start();
});

test('what is wrong with the request is said, and a password of wrong characters is not sent', async () => {
	for (const body of [{}, { all: true, stations: ['R-1'] }])
		assert.equal((await d.api('POST', '/password-rotation', body)).status, 400);
	const s = await ready('R-CHARS', 'Accepted');
	for (const value of ['with a blank in it ...', 'ümlaut-ümlaut-ümlaut', 'fifteen-chars..', `${'x'.repeat(41)}`]) {
		const r = await d.api('POST', '/stations/R-CHARS/calls', { action: 'SetVariables', payload: { setVariableData: [
			{ component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' }, attributeValue: value }] } });
		assert.equal(r.status, 400, value);
	}
	assert.equal(s.given, undefined);
	await s.close();
});
