// Small ends of the OCPP side: what a restart of depotd must not change, what is refused before it is
// sent, and what lists of stations and the wire log answer.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { Station, booted, register } from './peer.mjs';

let depotd;
const now = () => new Date().toISOString();
const get = async (path) => (await depotd.api('GET', path)).json;
const ask = (id, action, payload, more = {}) =>
	depotd.api('POST', `/stations/${id}/commands`, { action, payload, ...more });
const state = (id, wanted) =>
	until(`${id} to be ${wanted}`, async () => {
		const c = await get(`/commands/${id}`);
		return c.state === wanted && c;
	});
const ctl = (...args) => {
	const r = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), ...args], { encoding: 'utf8' });
	return { ...r, both: r.stdout + r.stderr };
};
/** What a station says of a variable, for a NotifyReport. */
const entry = (component, name, value, { instance, evse, valuesList, dataType = 'string' } = {}) => ({
	component: { name: component, ...(evse && { evse }) }, variable: { name, ...(instance && { instance }) },
	variableAttribute: [{ value: `${value}` }],
	variableCharacteristics: { dataType, supportsMonitoring: false, ...(valuesList && { valuesList }) },
});
/** Answers a GetBaseReport with these entries. */
const inventory = (entries) => (p, m, s) => {
	setTimeout(() => s().call('NotifyReport', { requestId: p.requestId, generatedAt: now(), seqNo: 0, tbc: false, reportData: entries }), 0);
	return { status: 'Accepted' };
};
/** A booted station whose inventory depotd has. */
async function known(id, entries, options = {}) {
	let s;
	const report = inventory(entries);
	await register(depotd, id, options.registration);
	s = await new Station(depotd, id, { ...options, handlers: { GetBaseReport: (p, m) => report(p, m, () => s), ...options.handlers } }).connect();
	await s.boot();
	await until(`the inventory of ${id}`, async () => (await get(`/stations/${id}/variables`)).inventory === 'complete');
	return s;
}

before(async () => {
	depotd = await new Depotd({ config: 'device: {inventory_delay_s: 0}\n' }).start();
});
after(() => depotd?.clean());

test('rule 20: a report that was asked for in parts ends with the last of all parts, over a restart too; who asks says how long', async () => {
	const wants = { componentVariable: [1, 2, 3, 4, 5].map((n) => ({ component: { name: 'X' }, variable: { name: `V${n}` } })) };
	let s = await known('E-CUT', [entry('DeviceDataCtrlr', 'ItemsPerMessage', 2, { instance: 'GetReport', dataType: 'integer' })],
		{ handlers: { GetReport: () => ({ status: 'Accepted' }) } });
	const long = (await ask('E-CUT', 'GetReport', wants)).json, short = (await ask('E-CUT', 'GetReport', wants, { effect_s: 2 })).json;
	const numbers = s.calls.filter((c) => c[2] === 'GetReport').map((c) => c[3].requestId);
	assert.equal(new Set(numbers).size, 6, `each part has a number of its own: ${numbers}`);
	const last = (requestId) => s.call('NotifyReport', { requestId, generatedAt: now(), seqNo: 0, tbc: false });
	await last(numbers[1]);
	await depotd.stop('SIGKILL');
	await depotd.start();
	s = await new Station(depotd, 'E-CUT').connect();
	await last(numbers[0]);
	assert.equal((await get(`/commands/${long.id}`)).state, 'running', 'two of three');
	await state(short.id, 'unknown');
	await last(numbers[2]);
	await state(long.id, 'done');
	await s.close();
});

test('a station that a list names twice, in whatever case, is asked once', async () => {
	const s = await known('J1', [entry('OCPPCommCtrlr', 'HeartbeatInterval', 300)], { handlers: {
		SetVariables: ({ setVariableData }) => ({ setVariableResult: setVariableData.map(({ component, variable }) =>
			({ component, variable, attributeStatus: 'Accepted' })) }) } });
	const stations = ['J1', 'j1', 'NOBODY', 'nobody', 'J1'];
	const r = await depotd.api('POST', '/variables', { component: 'OCPPCommCtrlr', variable: 'HeartbeatInterval', value: '600', stations });
	assert.equal(r.json.stations, 2, r.text);
	assert.deepEqual(r.json.results.map((x) => [x.station, x.state]), [['J1', 'waiting'], ['NOBODY', 'refused']]);
	await until('its end', async () => (await get(`/jobs/${r.json.id}`)).open === 0);
	assert.equal(s.calls.filter((c) => c[2] === 'SetVariables' && c[3].setVariableData[0].attributeValue === '600').length, 1);
	const cache = await depotd.api('POST', '/authorization-cache/clear', { stations });
	assert.deepEqual(cache.json.results.map((x) => [x.station, x.state]), [['J1', 'done'], ['NOBODY', 'refused']]);
	await s.close();
});

test('the wire log finds what broke the schema and every CALLERROR by faulty, and words of either by error', async () => {
	const s = await booted(depotd, 'E-WIRE', { handlers: { Reset: (_, m) => [4, m[1], 'InternalError', 'its own words', {}] } });
	await s.ask('Authorize', {}, 'bad-1');
	s.text(' [ 4 , "none" , "GenericError" , "" , {} ]\n');
	await s.call('Heartbeat', {});
	await ask('E-WIRE', 'Reset', { type: 'OnIdle' }, { wait: 'end' });
	const frames = async (q, ...more) => (await get(`/wire?station=E-WIRE&${q}`)).frames;
	const short = (f) => `${f.direction} ${f.text.match(/[234]/)[0]} ${f.message_id}`;
	const found = (await until('all of it', async () => {
		const f = await frames('faulty=1');
		return f.some((x) => x.text.includes('own words')) && f;
	})).map(short);
	assert.ok(found.includes('out 4 bad-1') && found.includes('in 4 none'), `${found}`);
	assert.ok(found.every((f) => !f.startsWith('in 2') && !f.startsWith('out 2')), 'nothing that was right');
	assert.deepEqual((await frames('error=own%20words')).map((f) => f.direction), ['in']);
	assert.deepEqual((await frames('error=GenericError')).map((f) => f.message_id), ['none']);
	assert.deepEqual((await get('/wire?pairs=1&faulty=1&action=Reset&station=E-WIRE')).pairs.length, 1);
	const told = ctl('wire', '--station', 'E-WIRE', '--faulty');
	assert.equal(told.stdout.trim().split('\n').filter((l) => /\[ ?4/.test(l)).length, 3, told.both);
	assert.equal((await depotd.api('GET', '/wire?faulty=yes')).status, 400);
	await s.close();
});
