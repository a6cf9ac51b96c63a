// A station to another network profile (rule 24): SetNetworkProfile, the order of profiles, Reset, and a
// look at what it came back on.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { booted, Station } from './peer.mjs';

let depotd;
before(async () => (depotd = await new Depotd().start()));
after(() => depotd.clean());

const URL2 = 'ws://csms.example:9000/ocpp';
const start = (id, more = {}) => depotd.api('POST', `/stations/${id}/network-profile`, { slot: 2, url: URL2, security_profile: 1, why: 'new router', ...more });
const job = async (id) => (await depotd.api('GET', `/jobs/${id}`)).json;
const over = (id, ms = 20000) => until('the job to end', async () => {
	const j = await job(id);
	return j.open === 0 && j;
}, ms);

/** A station that does as asked; `answers` say otherwise by step. `priority` as it has it. */
function obedient(answers = {}, state = { priority: '1,0', active: '1' }) {
	const asked = [];
	const handlers = {
		SetNetworkProfile: (p) => {
			asked.push(['SetNetworkProfile', p]);
			return answers.profile ?? { status: 'Accepted' };
		},
		GetVariables: ({ getVariableData: [{ component, variable }] }) => {
			asked.push(['GetVariables', variable.name]);
			const known = { NetworkConfigurationPriority: answers.read === undefined ? state.priority : answers.read, ActiveNetworkProfile: answers.active === undefined ? state.active : answers.active };
			const value = known[variable.name];
			return { getVariableResult: [{ component, variable, ...(value === null || value === undefined ? { attributeStatus: 'UnknownVariable' } : { attributeStatus: 'Accepted', attributeValue: value }) }] };
		},
		SetVariables: ({ setVariableData: [d] }) => {
			const isOrder = d.variable.name === 'NetworkConfigurationPriority'; // else what depotd asks of all
			if (isOrder) asked.push(['SetVariables', d.variable.name, d.attributeValue]);
			const attributeStatus = isOrder && answers.order ? answers.order : 'Accepted';
			if (isOrder && attributeStatus === 'Accepted') state.priority = d.attributeValue;
			return { setVariableResult: [{ component: d.component, variable: d.variable, attributeStatus }] };
		},
		Reset: (p) => {
			asked.push(['Reset', p.type]);
			return answers.reset ?? { status: 'Accepted' };
		},
	};
	return { handlers, asked, state };
}

async function station(id, o, registration = {}) {
	return booted(depotd, id, { handlers: o.handlers, registration });
}

/** What a station does after a Reset: away, back, boot. */
async function restart(s, o, reason = 'RemoteReset') {
	await s.close();
	const again = await new Station(depotd, s.id, { handlers: o.handlers }).connect();
	await again.boot(reason);
	return again;
}

const steps = (o) => o.asked.map((a) => a[0]);
const reset = (o) => until('the Reset', () => o.asked.some(([a]) => a === 'Reset'));

test('rule 24: set, put first with the old ones behind, restart, back: each step is a command of the job', async () => {
	const o = obedient();
	const s = await station('NET-1', o);
	const r = await start('NET-1');
	assert.equal(r.status, 202, r.text);
	await reset(o);
	const [, profile] = o.asked[0];
	assert.deepEqual(profile, { configurationSlot: 2, connectionData: { ocppVersion: 'OCPP20', ocppTransport: 'JSON', ocppCsmsUrl: URL2, messageTimeout: 30, securityProfile: 1, ocppInterface: 'Wired0' } });
	assert.deepEqual(o.asked.slice(1), [['GetVariables', 'NetworkConfigurationPriority'], ['SetVariables', 'NetworkConfigurationPriority', '2,1,0'], ['Reset', 'OnIdle']]);
	let j = await until('the step to be known', async () => (await job(r.json.id)).step === 'restart' && job(r.json.id));
	assert.deepEqual([j.state, j.open], ['running', 1]);
	/* nobody else may start another one now */
	const second = await start('NET-1');
	assert.equal(second.status, 409);
	assert.match(second.json.detail, new RegExp(r.json.id));
	o.state.active = '2';
	const again = await restart(s, o);
	j = await over(r.json.id);
	assert.deepEqual([j.state, j.step, j.done], ['done', 'look', 1], JSON.stringify(j));
	assert.match(j.note, /back on slot 2, security profile 1/);
	assert.deepEqual(j.results.map((x) => x.action).reverse(), ['SetNetworkProfile', 'GetVariables', 'SetVariables', 'Reset', 'GetVariables']);
	assert.ok(j.results.every((x) => x.state === 'done' && x.command));
	assert.equal((await depotd.api('GET', `/commands/${j.results[0].command}`)).json.why, 'new router');
	const moved = (await depotd.api('GET', `/journal?stream=job/${r.json.id}&limit=100`)).json.events.map((e) => e.type);
	assert.equal(moved[0] === 'JobStarted' || moved.at(-1) === 'JobStarted', true);
	await again.close();
});

const refusals = [
	['the profile', { profile: { status: 'Rejected' } }, 'refused', 'profile', /SetNetworkProfile: .*; nothing was changed/, ['SetNetworkProfile']],
	['the profile, as failed', { profile: { status: 'Failed' } }, /refused|failed/, 'profile', /nothing was changed/, ['SetNetworkProfile']],
	['the order', { order: 'Rejected' }, /refused|failed/, 'order', /SetVariables: .*slot 2 but is not used; the order of profiles is as before/, ['SetNetworkProfile', 'GetVariables', 'SetVariables']],
	['the Reset', { reset: { status: 'Rejected' } }, 'refused', 'restart', /Reset: .*slot 2 goes first when the station restarts next/, ['SetNetworkProfile', 'GetVariables', 'SetVariables', 'Reset']],
];
for (const [what, answers, state, step, note, asked] of refusals)
	test(`rule 24: refused: ${what}: it ends there, and says how the station was left`, async () => {
		const o = obedient(answers);
		const s = await station(`NET-NO-${step}-${asked.length}-${what.length}`, o);
		const r = await start(s.id);
		const j = await over(r.json.id);
		assert.match(j.state, new RegExp(state), JSON.stringify(j));
		assert.equal(j.step, step);
		assert.match(j.note, note);
		assert.deepEqual(steps(o), asked);
		await s.close();
	});

test('rule 24: a station that keeps its order to itself gets the new slot alone; one without ActiveNetworkProfile is judged by its connection', async () => {
	const o = obedient({ read: null, active: null });
	const s = await station('NET-DUMB', o);
	const r = await start('NET-DUMB', { reset: 'Immediate' });
	await reset(o);
	assert.deepEqual(o.asked.at(-2), ['SetVariables', 'NetworkConfigurationPriority', '2']);
	assert.deepEqual(o.asked.at(-1), ['Reset', 'Immediate']);
	const again = await restart(s, o);
	const j = await over(r.json.id);
	assert.equal(j.state, 'done', JSON.stringify(j));
	assert.match(j.note, /as far as its connection shows/);
	await again.close();
});

test('rule 24: an order that is in force only after the restart is no refusal, and shown as what it is', async () => {
	const o = obedient({ order: 'RebootRequired' });
	const s = await station('NET-LATER', o);
	const r = await start('NET-LATER');
	await reset(o);
	o.state.active = '2';
	const again = await restart(s, o);
	const j = await over(r.json.id);
	assert.equal(j.state, 'done', JSON.stringify(j));
	assert.equal(j.results.find((x) => x.action === 'SetVariables').status, 'RebootRequired');
	await again.close();
});

test('rule 24: it falls back to the old profile: failed, and says so', async () => {
	const o = obedient();
	const s = await station('NET-BACK', o);
	const r = await start('NET-BACK');
	await reset(o);
	const again = await restart(s, o);
	const j = await over(r.json.id);
	assert.deepEqual([j.state, j.step], ['failed', 'look']);
	assert.match(j.note, /came back on the profile of slot 1; slot 2 still goes first/);
	await again.close();
});

test('rule 24: it never comes back: unknown, with what to look at', async () => {
	const o = obedient();
	const s = await station('NET-GONE', o);
	const r = await start('NET-GONE', { reset: 'Immediate', within_s: 10 });
	await reset(o);
	await s.close();
	const j = await over(r.json.id, 30000);
	assert.equal(j.state, 'unknown', JSON.stringify(j));
	assert.match(j.note, /tries slot 2 first and then the old ones/);
});

test('rule 24: depotd restarts in the middle: the job goes on', async () => {
	const o = obedient();
	let s = await station('NET-RESTART', o);
	const r = await start('NET-RESTART');
	await reset(o);
	await until('its answer', async () => (await job(r.json.id)).results.find((x) => x.action === 'Reset')?.state === 'running');
	await depotd.stop('SIGKILL');
	await depotd.start();
	let j = await job(r.json.id);
	assert.deepEqual([j.state, j.step, j.open], ['running', 'restart', 1], JSON.stringify(j));
	o.state.active = '2';
	s = await new Station(depotd, 'NET-RESTART', { handlers: o.handlers }).connect();
	await s.boot('RemoteReset');
	j = await over(r.json.id);
	assert.equal(j.state, 'done', JSON.stringify(j));
	await s.close();
});

test('A05: a profile that would lower the security is refused before anything is sent; so is what cannot work', async () => {
	const o = obedient();
	const s = await station('NET-SAFE', o);
	await depotd.api('PUT', '/stations/NET-AWAY', { policy: 'accepted', node: 'site', evses: [{ id: 1, kind: 'ac', max_w: 22000 }] });
	await depotd.api('PUT', '/stations/NET-FLOOR', { policy: 'accepted', node: 'site', security_profile: 2, evses: [{ id: 1, kind: 'ac', max_w: 22000 }] });
	const rows = [
		[await start('NET-AWAY'), 409, /not connected/],
		[await start('NET-SAFE', { url: 'http://x' }), 400, /wss:/],
		[await start('NET-SAFE', { url: 'wss://x/ocpp' }), 400, /profile 1 by ws/],
		[await start('NET-SAFE', { security_profile: 2 }), 400, /profile 2 and 3 go by wss/],
		[await start('NET-SAFE', { security_profile: 0 }), 400, /security_profile/],
		[await start('NET-SAFE', { interface: 'Radio' }), 400, /Wired0 to Wired3/],
		[await start('NET-SAFE', { apn: { apn: 'x' } }), 400, /apn/],
		[await start('NOBODY'), 404],
	];
	for (const [r, status, words] of rows) {
		assert.equal(r.status, status, r.text);
		if (words) assert.match(r.json.detail, words);
	}
	assert.deepEqual(o.asked, []);
	await s.close();
});

test('rule 40, B09: SetNetworkProfile by an operator is checked as that of a job is, before it is sent', async () => {
	const o = obedient();
	const s = await station('NET-RAW', o);
	const good = { ocppVersion: 'OCPP20', ocppTransport: 'JSON', ocppCsmsUrl: URL2, messageTimeout: 30, securityProfile: 1, ocppInterface: 'Wired0' };
	const raw = (more = {}, slot = 2) => depotd.api('POST', '/stations/NET-RAW/commands', { action: 'SetNetworkProfile', payload: { configurationSlot: slot, connectionData: { ...good, ...more } } });
	const rows = [
		[{ messageTimeout: -30 }, 'messageTimeout', /1 to 3600/],
		[{ messageTimeout: 0 }, 'messageTimeout', /1 to 3600/],
		[{ messageTimeout: 86400 }, 'messageTimeout', /1 to 3600/],
		[{ ocppCsmsUrl: 'ftp://x' }, 'ocppCsmsUrl', /wss:/],
		[{ ocppCsmsUrl: 'ws://' }, 'ocppCsmsUrl', /HOST/],
		[{ ocppCsmsUrl: 'ws://:9000/ocpp' }, 'ocppCsmsUrl', /HOST/],
		[{ ocppCsmsUrl: 'ws://a b/ocpp' }, 'ocppCsmsUrl', /blanks/],
		[{ ocppCsmsUrl: 'wss://x/ocpp' }, 'ocppCsmsUrl', /profile 1 by ws/],
		[{ securityProfile: 3 }, 'ocppCsmsUrl', /profile 2 and 3 go by wss/],
		[{ ocppTransport: 'SOAP' }, 'ocppTransport', /JSON/],
		[{ ocppVersion: 'OCPP15' }, 'ocppVersion', /OCPP20/],
		[{ ocppVersion: 'OCPP12' }, 'ocppVersion', /OCPP20/],
		[{ securityProfile: 9, ocppCsmsUrl: 'wss://x/ocpp' }, 'securityProfile', /1, 2 or 3/],
		[{ securityProfile: 0 }, 'securityProfile', /1, 2 or 3/],
	];
	for (const [more, field, words] of rows) {
		const r = await raw(more);
		assert.deepEqual([r.status, r.json.path], [400, `payload.connectionData.${field}`], JSON.stringify(more) + r.text);
		assert.match(r.json.detail, words);
	}
	assert.equal((await raw({}, -1)).json.path, 'payload.configurationSlot');
	assert.deepEqual(o.asked, []);
	assert.equal((await raw()).json.state, 'done');
	assert.equal((await raw({ ocppVersion: 'OCPP16' })).json.state, 'done');
	assert.equal((await raw({ ocppCsmsUrl: 'wss://csms.example/ocpp', securityProfile: 2 })).json.state, 'done');
	assert.equal(o.asked.length, 3);
	/* a floor that its registration was given meanwhile holds too */
	await depotd.api('PUT', '/stations/NET-RAW', { policy: 'accepted', node: 'site', security_profile: 2, evses: [{ id: 1, kind: 'ac', max_w: 22000 }] });
	const lower = await raw();
	assert.equal(lower.status, 409, lower.text);
	assert.match(lower.json.detail, /lower.*A05|not connected/);
	assert.equal(o.asked.length, 3);
	s.ws.terminate();
});

test('A05: a station whose floor is 2 is not moved to 1', async () => {
	const d = depotd;
	/* it connected on 1 while its registration still took that */
	const o = obedient();
	const s = await station('NET-FLOOR2', o);
	await d.api('PUT', '/stations/NET-FLOOR2', { policy: 'accepted', node: 'site', security_profile: 2, evses: [{ id: 1, kind: 'ac', max_w: 22000 }] });
	const r = await start('NET-FLOOR2');
	assert.equal(r.status, 409, r.text);
	assert.match(r.json.detail, /lower.*A05|not connected/);
	assert.deepEqual(o.asked, []);
	s.ws.terminate();
});

test('depotctl network-profile waits for the end and shows each step', async () => {
	const o = obedient();
	const s = await station('NET-CTL', o);
	reset(o).then(() => {
		o.state.active = '2';
		return restart(s, o);
	});
	const { spawn } = await import('node:child_process');
	const child = spawn(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), 'network-profile', 'NET-CTL', '2', URL2, '--now', '--wait']);
	let out = '';
	child.stdout.on('data', (x) => (out += x));
	child.stderr.on('data', (x) => (out += x));
	const code = await new Promise((ok) => child.on('exit', ok));
	assert.equal(code, 0, out);
	assert.match(out, /SetNetworkProfile +done/);
	assert.match(out, /Reset +done/);
	assert.match(out, /done: back on slot 2/);
	const bad = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), 'network-profile', 'NET-CTL', 'two', URL2], { encoding: 'utf8' });
	assert.equal(bad.status, 2);
	assert.match(bad.stderr, /SLOT is a number/);
});
