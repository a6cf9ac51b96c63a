// The device model from outside: inventories in parts, what is asked by itself, search and
// comparison, one variable written to many stations, monitors, alerts, displays, customers.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, Depotd, sleep, until } from './harness.mjs';
import { Station, booted, register } from './peer.mjs';

const VARIABLES = 2000;
const A_PART = 25;
const SECRET = 'Do-not-keep-me-anywhere-1';
const now = () => new Date().toISOString();

let depotd;

before(async () => {
	depotd = await new Depotd({
		config: 'device: {inventory_delay_s: 0, report_settle_s: 1, report_expire_s: 8}\n',
	}).start();
});
after(() => depotd?.clean());

const get = async (path) => {
	const r = await depotd.api('GET', path);
	assert.equal(r.status, 200, `${path}: ${r.text}`);
	return r.json;
};
const variables = async (id, query = '') => (await get(`/stations/${id}/variables?limit=10000${query}`)).variables;
const events = async (id, type) => (await get(`/journal?stream=station/${id}&type=${type}&limit=1000`)).events;
const inventory = async (id) => (await get(`/stations/${id}/variables?limit=1`)).inventory;

async function command(id, action, payload, wait = 'end') {
	const r = await depotd.api('POST', `/stations/${id}/commands`, { action, payload, wait });
	assert.ok(r.status === 200, `${action}: ${r.status} ${r.text}`);
	return r.json;
}

/** One entry of a report. */
const entry = (component, variable, value, more = {}) => ({
	component: { name: component, ...more.component }, variable: { name: variable, ...more.variable },
	variableAttribute: [{ value: String(value), mutability: 'ReadWrite', ...more.attribute }],
	variableCharacteristics: { dataType: 'string', supportsMonitoring: true, ...more.traits },
});

/** A station's whole model: `count` variables of components that are numbered. */
const model = (count, version = 'a') =>
	Array.from({ length: count }, (_, i) =>
		entry(`Board${i % 40}`, `Setting${i}`, `${version}${i}`, { component: { evse: { id: 1 + (i % 2) } } }));

const part = (requestId, seqNo, reportData, tbc) =>
	({ requestId, generatedAt: now(), seqNo, reportData, ...(tbc && { tbc }) });

/** Sends the entries as a report in parts. */
async function send(s, requestId, entries, size = A_PART) {
	for (let i = 0, seqNo = 0; i < entries.length; i += size, seqNo++)
		assert.deepEqual(
			await s.call('NotifyReport', part(requestId, seqNo, entries.slice(i, i + size), i + size < entries.length)), {});
}

/** A handler of GetBaseReport that sends `entries()` once it has answered. */
const reports = (station, entries) => ({ requestId }) => {
	setTimeout(() => send(station(), requestId, entries()), 10);
	return { status: 'Accepted' };
};

const asked = (s, action) => s.calls.filter((m) => m[2] === action);

/** A station that reports `entries` when it is asked, and has done so. */
async function known(id, entries, handlers = {}) {
	let s;
	s = await booted(depotd, id, { handlers: { GetBaseReport: reports(() => s, () => entries), ...handlers } });
	await until(`the inventory of ${id}`, async () => (await inventory(id)) === 'complete');
	return s;
}

const bootWith = (s, firmwareVersion) =>
	s.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V', firmwareVersion } });

// -- reports ----------------------------------------------------------------------------------------

test('rule 21: 2,000 variables in 80 parts are asked for on first contact and after a firmware change', async () => {
	let entries = model(VARIABLES);
	let s;
	await register(depotd, 'INV-1');
	s = await new Station(depotd, 'INV-1', { handlers: { GetBaseReport: reports(() => s, () => entries) } }).connect();
	await bootWith(s, '1.0');
	await until('the inventory', async () => (await inventory('INV-1')) === 'complete', 20000);
	assert.equal((await variables('INV-1')).length, VARIABLES);
	assert.equal(asked(s, 'GetBaseReport')[0][3].reportBase, 'FullInventory');
	assert.equal((await events('INV-1', 'ReportPart')).length, VARIABLES / A_PART);
	const [k] = (await get('/commands?station=INV-1&action=GetBaseReport')).commands;
	assert.equal(k.actor, 'depotd');
	assert.equal(k.state, 'done');

	await bootWith(s, '1.0');
	await s.close();
	s = await new Station(depotd, 'INV-1', { handlers: { GetBaseReport: reports(() => s, () => entries) } }).connect();
	await sleep(300);
	assert.equal(asked(s, 'GetBaseReport').length, 0, 'the same firmware is not asked again');

	entries = model(VARIABLES / 2, 'b');
	await bootWith(s, '2.0');
	await until('the new model alone', async () => {
		const list = await variables('INV-1');
		return list.length === VARIABLES / 2 && list.every((v) => v.value.startsWith('b') && v.previous.startsWith('a'));
	}, 20000);
	assert.equal(asked(s, 'GetBaseReport').length, 1);
	await s.close();
});

test('a station that cannot is not asked again until its next firmware', async () => {
	await register(depotd, 'INV-2');
	const s = await new Station(depotd, 'INV-2', { handlers: { GetBaseReport: () => ({ status: 'NotSupported' }) } }).connect();
	await bootWith(s, '1.0');
	await until('the answer to be known', async () => (await inventory('INV-2')) === 'unsupported');
	await bootWith(s, '1.0');
	await sleep(300);
	assert.equal(asked(s, 'GetBaseReport').length, 1);
	await bootWith(s, '1.1');
	await until('the next firmware to be asked', () => asked(s, 'GetBaseReport').length === 2);
	await s.close();
});

test('rule 21: a gap, and a report that never ends, keep the old model', async () => {
	const s = await known('GAP', model(4));
	const before = await variables('GAP');
	await s.call('NotifyReport', part(71, 0, model(2, 'x'), true));
	await s.call('NotifyReport', part(71, 2, model(4, 'x')));
	await s.call('NotifyReport', part(72, 0, model(2, 'y'), true));
	assert.deepEqual(await variables('GAP'), before);
	await until('both to be given up', async () => (await events('GAP', 'ReportEnded')).length === 2, 30000);
	assert.deepEqual((await events('GAP', 'ReportEnded')).map((e) => e.payload.outcome), ['expired', 'expired']);
	assert.deepEqual(await variables('GAP'), before);
	await s.close();
});

test('rule 21: parts out of order, twice, and between those of another report', async () => {
	const s = await known('ORDER', model(4));
	await s.call('NotifyReport', part(81, 0, [entry('New', 'X', 1)], true));
	await s.call('NotifyReport', part(81, 2, [entry('New', 'Z', 3)])); // tbc is missing: the last one
	await s.call('NotifyReport', part(82, 0, [entry('Other', 'O', 1)], true));
	await s.call('NotifyReport', part(81, 0, [entry('New', 'X', 1)], true));
	assert.equal((await variables('ORDER', '&component=New')).length, 0);
	await s.call('NotifyReport', part(81, 1, [entry('New', 'Y', 2)], true));
	assert.deepEqual((await variables('ORDER', '&component=New')).map((v) => v.value), ['1', '2', '3']);
	assert.equal((await variables('ORDER', '&component=Other')).length, 0);
	await s.call('NotifyReport', part(82, 1, [entry('Other', 'P', 2)]));
	assert.equal((await variables('ORDER', '&component=Other')).length, 2);
	assert.equal((await variables('ORDER')).length, 9, 'nobody asked for all: nothing went');
	await s.close();
});

test('rule 21: a report whose only part has number 2 is taken after a while, and ends its command', async () => {
	let s;
	s = await known('TWO', model(4), {
		GetReport: ({ requestId }) => {
			setTimeout(() => s.call('NotifyReport', part(requestId, 2, [entry('Odd', 'One', 7)])), 10);
			return { status: 'Accepted' };
		},
	});
	const k = await command('TWO', 'GetReport', { componentCriteria: ['Active'] });
	assert.equal(k.state, 'done');
	assert.equal((await variables('TWO', '&component=Odd'))[0].value, '7');
	assert.equal((await variables('TWO')).length, 5);
	await s.close();
});

test('rule 21: depotd may be killed in the middle of a report', async () => {
	let s = await known('KILL', model(4));
	await s.call('NotifyReport', part(91, 0, [entry('Half', 'A', 1)], true));
	await depotd.stop('SIGKILL');
	await depotd.start();
	s = await new Station(depotd, 'KILL').connect();
	await s.call('NotifyReport', part(91, 1, [entry('Half', 'B', 2)]));
	assert.equal((await variables('KILL', '&component=Half')).length, 2);
	await s.close();
});

test('rule 22: names compare without case and are kept as sent', async () => {
	const s = await known('CASE', [entry('securityctrlr', 'OrganizationName', 'one')]);
	await send(s, 5, [entry('SecurityCtrlr', 'ORGANIZATIONNAME', 'two')]);
	const list = await variables('CASE', '&component=SECURITYCTRLR&variable=organizationname');
	assert.equal(list.length, 1);
	assert.equal(list[0].value, 'two');
	assert.equal((await variables('CASE')).length, 1);
	await s.close();
});

test('a password that a station tells is not kept', async () => {
	const s = await known('TELLS', [entry('SecurityCtrlr', 'BasicAuthPassword', SECRET, { attribute: { mutability: 'WriteOnly' } })]);
	const [v] = await variables('TELLS');
	assert.equal(v.variable, 'BasicAuthPassword');
	assert.equal(v.value, undefined);
	const journal = await depotd.api('GET', '/journal?stream=station/TELLS&limit=1000');
	assert.ok(!journal.text.includes(SECRET));
	const frames = await until('the frame in the wire log', async () => {
		const r = await depotd.api('GET', '/wire?station=TELLS&action=NotifyReport&limit=100');
		return r.text.includes('BasicAuthPassword') && r.text;
	});
	assert.ok(!frames.includes(SECRET));
	await s.close();
});

// -- asking -----------------------------------------------------------------------------------------

test('rule 20: the items that a station takes in one message are honoured as soon as it said so', async () => {
	const s = await known('FEW', [
		entry('DeviceDataCtrlr', 'ItemsPerMessage', 4, { variable: { instance: 'GetVariables' } }),
	], {
		GetVariables: ({ getVariableData }) => ({
			getVariableResult: getVariableData.map((d) => ({ ...d, attributeStatus: 'Accepted', attributeValue: 'v' })),
		}),
	});
	const getVariableData = Array.from({ length: 5 }, (_, i) => ({ component: { name: 'X' }, variable: { name: `V${i}` } }));
	const k = await command('FEW', 'GetVariables', { getVariableData });
	assert.equal(k.response.getVariableResult.length, 5);
	assert.deepEqual(asked(s, 'GetVariables').map((m) => m[3].getVariableData).filter(([v]) => v.component.name === 'X').map((l) => l.length), [4, 1]);
	assert.equal((await variables('FEW', '&component=X')).length, 5);
	await s.close();
});

test('rule 20: the same variable twice in one SetVariables is refused before it is sent', async () => {
	const s = await known('TWICE', model(2));
	const one = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' }, attributeValue: '60' };
	const r = await depotd.api('POST', '/stations/TWICE/commands', {
		action: 'SetVariables',
		payload: { setVariableData: [one, { ...one, variable: { name: 'HEARTBEATINTERVAL' } }] },
	});
	assert.equal(r.status, 400);
	assert.match(r.text, /B05\.FR\.13/);
	assert.ok(!asked(s, 'SetVariables').some((m) => JSON.stringify(m).includes('HEARTBEATINTERVAL')));
	await s.close();
});

test('smart charging of a station that depotd keeps within the limits is not switched off', async () => {
	const s = await known('SMART', model(2));
	const off = (value) => depotd.api('POST', '/stations/SMART/commands', {
		action: 'SetVariables',
		payload: { setVariableData: [{ component: { name: 'smartchargingctrlr' }, variable: { name: 'Enabled' }, attributeValue: value }] },
	});
	for (const value of ['false', 'FALSE', '0']) {
		const r = await off(value);
		assert.ok([400, 409].includes(r.status), r.text);
		assert.match(r.text, /follows only while SmartChargingCtrlr.Enabled is true/);
	}
	assert.ok(!asked(s, 'SetVariables').some((m) => JSON.stringify(m).includes('smartchargingctrlr')));
	assert.equal((await off('true')).status, 200);
	await s.close();
});

test('search over all stations, and the differences of two', async () => {
	const a = await known('DIFF-A', [entry('TxCtrlr', 'EVConnectionTimeOut', 60), entry('Only', 'Mine', 1), entry('Same', 'S', 1)]);
	const b = await known('DIFF-B', [entry('txctrlr', 'EVConnectionTimeOut', 90), entry('Same', 'S', 1)]);
	const found = (await get('/variables?variable=evconnectiontimeout')).variables;
	assert.deepEqual(found.map((v) => [v.station, v.value]), [['DIFF-A', '60'], ['DIFF-B', '90']]);
	assert.equal((await get('/variables?text=connectiontime')).variables.length, 2);
	const d = (await get('/compare?a=DIFF-A&b=diff-b')).differences;
	assert.deepEqual(d.map((x) => [x.variable, x.in_a, x.in_b, x.a, x.b]), [
		['Mine', true, false, '1', undefined], ['EVConnectionTimeOut', true, true, '60', '90'],
	]);
	assert.equal((await get('/compare?a=DIFF-A&b=DIFF-B&all=1')).differences.length, 3);
	const since = now();
	await send(a, 4, [entry('TxCtrlr', 'EVConnectionTimeOut', 61)]);
	const changed = await variables('DIFF-A', `&changed=${since}`);
	assert.deepEqual(changed.map((v) => [v.variable, v.previous, v.value]), [['EVConnectionTimeOut', '60', '61']]);
	assert.match(execFileSync(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), 'compare', 'DIFF-A', 'DIFF-B'], { encoding: 'utf8' }), /EVConnectionTimeOut.*61.*90/);
	await a.close();
	await b.close();
});

// -- writing to many --------------------------------------------------------------------------------

test('a variable is written to many stations, with a result of each that outlives a restart', async () => {
	const set = (attributeStatus) => ({ setVariableData }) => ({
		setVariableResult: setVariableData.map(({ component, variable }) => ({ component, variable, attributeStatus })),
	});
	const yes = await known('MANY-1', model(1), { SetVariables: set('Accepted') });
	const no = await known('MANY-2', model(1), { SetVariables: set('Rejected') });
	const later = await known('MANY-3', model(1), { SetVariables: set('RebootRequired') });
	await register(depotd, 'MANY-4');
	const r = await depotd.api('POST', '/variables', {
		component: 'OCPPCommCtrlr', variable: 'HeartbeatInterval', value: '600', why: 'less noise',
		stations: ['MANY-1', 'MANY-2', 'MANY-3', 'MANY-4', 'NOBODY'],
	});
	assert.equal(r.status, 202, r.text);
	const job = () => get(`/jobs/${r.json.id}`);
	const j = await until('all to end', async () => {
		const v = await job();
		return v.open === 0 && v;
	});
	const states = Object.fromEntries(j.results.map((x) => [x.station, x.state]));
	assert.deepEqual(states, {
		'MANY-1': 'done', 'MANY-2': 'refused', 'MANY-3': 'done', 'MANY-4': 'refused', NOBODY: 'refused',
	});
	assert.equal(j.done, 2);
	const { status, note } = j.results.find((x) => x.station === 'MANY-3');
	assert.equal(status, 'RebootRequired');
	assert.match(note, /after a reboot/);
	assert.match(j.results.find((x) => x.station === 'MANY-4').note, /not connected/);
	assert.equal((await variables('MANY-1', '&variable=HeartbeatInterval'))[0].value, '600');
	assert.equal((await variables('MANY-2', '&variable=HeartbeatInterval')).length, 0);
	const [e] = await events('MANY-1', 'VariablesSet');
	assert.equal(e.payload.values[0].value, '600');
	for (const s of [yes, no, later]) await s.close();
	await depotd.stop();
	await depotd.start();
	assert.deepEqual((await job()).results, j.results);
	assert.equal((await depotd.api('GET', '/jobs/nonsense')).status, 404);
	assert.equal((await depotd.api('POST', '/variables', { component: 'A', variable: 'B', value: '1' })).status, 400);
});

// -- events, monitors -------------------------------------------------------------------------------

const happens = (s, data) =>
	s.call('NotifyEvent', {
		generatedAt: now(), seqNo: 0,
		eventData: [{ eventId: 1, timestamp: now(), trigger: 'Alerting', actualValue: '', eventNotificationType: 'CustomMonitor', ...data }],
	});

test('rule 37: alerts open and end, of components that nobody heard of too', async () => {
	const s = await known('ALERT', model(1));
	const hot = { component: { name: 'Chiller' }, variable: { name: 'Temperature' }, variableMonitoringId: 9 };
	assert.deepEqual(await happens(s, { ...hot, actualValue: '81' }), {});
	let [a] = (await get('/stations/ALERT/alerts')).alerts;
	assert.deepEqual([a.component, a.value, a.monitor, a.open], ['Chiller', '81', 9, true]);
	assert.equal((await variables('ALERT', '&component=Chiller'))[0].value, '81');
	assert.deepEqual(await happens(s, { ...hot, eventId: 2, actualValue: '60', cleared: true }), {});
	assert.equal((await get('/stations/ALERT/alerts')).alerts.length, 0);
	[a] = (await get('/stations/ALERT/alerts?all=1')).alerts;
	assert.ok(a.cleared_at && !a.open);
	assert.deepEqual(await happens(s, { component: { name: 'Safe' }, variable: { name: 'Code' }, actualValue: '' }), {});
	[a] = (await get('/alerts')).alerts.filter((x) => x.station === 'ALERT');
	assert.equal(a.value, undefined, 'write-only: nothing to tell');
	await happens(s, {
		component: { name: 'Connector', evse: { id: 1, connectorId: 1 } }, variable: { name: 'AvailabilityState' },
		trigger: 'Delta', actualValue: 'Occupied', eventNotificationType: 'HardWiredNotification',
	});
	assert.equal((await get('/stations/ALERT')).evses[0].connectors[0].status, 'Occupied');
	await s.close();
});

test('rule 38: results of monitors count by what they name, not by their place', async () => {
	const of = (name, type, severity) => ({ component: { name }, variable: { name: 'V' }, type, severity });
	const s = await known('MON', model(1), {
		SetVariableMonitoring: () => ({
			setMonitoringResult: [
				{ ...of('C', 'Delta', 3), status: 'UnknownComponent' },
				{ ...of('b', 'UpperThreshold', 2), id: 12, status: 'Accepted' },
				{ ...of('A', 'UpperThreshold', 1), id: 11, status: 'Accepted' },
			],
		}),
		ClearVariableMonitoring: () => ({
			clearMonitoringResult: [{ id: 12, status: 'Rejected' }, { id: 77, status: 'NotFound' }, { id: 11, status: 'Accepted' }],
		}),
		SetMonitoringLevel: () => ({ status: 'Accepted' }),
	});
	const k = await command('MON', 'SetVariableMonitoring', {
		setMonitoringData: [
			{ ...of('A', 'UpperThreshold', 1), value: 100 }, { ...of('B', 'UpperThreshold', 2), value: 200 },
			{ ...of('C', 'Delta', 3), value: 1 },
		],
	});
	assert.equal(k.state, 'failed');
	assert.deepEqual((await get('/stations/MON/monitors')).monitors.map((m) => [m.id, m.value]), [[11, 100], [12, 200]]);
	await command('MON', 'ClearVariableMonitoring', { id: [11, 12, 77] });
	assert.deepEqual((await get('/stations/MON/monitors')).monitors.map((m) => m.id), [12]);
	await command('MON', 'SetMonitoringLevel', { severity: 4 });
	assert.equal((await get('/stations/MON/monitors')).level, 4);
	for (const [action, payload] of [
		['SetMonitoringLevel', { severity: 10 }],
		['SetVariableMonitoring', { setMonitoringData: [{ ...of('A', 'Delta', 1), value: -1 }] }],
		['ClearVariableMonitoring', { id: [3, 3] }],
	])
		assert.equal((await depotd.api('POST', '/stations/MON/commands', { action, payload })).status, 400, action);
	await s.close();
});

test('a monitoring report replaces the monitors, and an empty one too', async () => {
	let s;
	let status = 'Accepted';
	s = await known('MONREP', model(1), {
		GetMonitoringReport: ({ requestId }) => {
			if (status === 'Accepted')
				setTimeout(async () => {
					await until('the station to be known here', () => s);
					for (const seqNo of [0, 1])
						await s.call('NotifyMonitoringReport', {
							requestId, seqNo, generatedAt: now(), ...(seqNo === 0 && { tbc: true }),
							monitor: [{ component: { name: 'C' }, variable: { name: `V${seqNo}` }, variableMonitoring: [
								{ id: seqNo + 1, transaction: false, value: 5, type: 'Periodic', severity: 8 }] }],
						});
				}, 10);
			return { status };
		},
	});
	await until('depotd to have asked by itself (N04.FR.19)', async () =>
		(await get('/commands?station=MONREP&action=GetMonitoringReport&state=done')).commands.length === 1);
	assert.deepEqual((await get('/stations/MONREP/monitors')).monitors.map((m) => m.variable), ['V0', 'V1']);
	assert.equal((await command('MONREP', 'GetMonitoringReport', {})).state, 'done');
	assert.deepEqual((await get('/stations/MONREP/monitors')).monitors.map((m) => m.variable), ['V0', 'V1']);
	status = 'EmptyResultSet';
	assert.equal((await command('MONREP', 'GetMonitoringReport', {})).state, 'done');
	assert.deepEqual((await get('/stations/MONREP/monitors')).monitors, []);
	await s.close();
});

// -- displays, customers ----------------------------------------------------------------------------

test('display messages: set, reported in parts, cleared', async () => {
	let s;
	const message = (id) => ({ id, priority: 'NormalCycle', message: { format: 'UTF8', content: `Message ${id}` } });
	s = await known('SHOW', model(1), {
		SetDisplayMessage: () => ({ status: 'Accepted' }),
		ClearDisplayMessage: ({ id }) => ({ status: id === 2 ? 'Accepted' : 'Unknown' }),
		GetDisplayMessages: ({ requestId }) => {
			setTimeout(async () => {
				await s.call('NotifyDisplayMessages', { requestId, tbc: true, messageInfo: [message(2)] });
				await s.call('NotifyDisplayMessages', { requestId, messageInfo: [message(3)] });
			}, 10);
			return { status: 'Accepted' };
		},
	});
	const shown = async () => (await get('/stations/SHOW/displays')).displays.map((d) => d.message.message.content);
	assert.equal((await command('SHOW', 'SetDisplayMessage', { message: message(1) })).state, 'done');
	assert.deepEqual(await shown(), ['Message 1']);
	const ofNobody = { action: 'SetDisplayMessage', payload: { message: { ...message(7), transactionId: 'nobody' } }, wait: 'end' };
	const post = (more) => depotd.api('POST', '/stations/SHOW/commands', { ...ofNobody, ...more });
	const refused = await post({});
	assert.ok(refused.status >= 400 && /nobody/.test(refused.text) && /force/.test(refused.text), refused.text);
	assert.deepEqual(await shown(), ['Message 1'], 'it was not sent');
	assert.equal((await post({ force: true })).json.state, 'done', 'who insists is obeyed');
	assert.equal((await command('SHOW', 'GetDisplayMessages', {})).state, 'done');
	assert.deepEqual(await shown(), ['Message 2', 'Message 3']);
	await command('SHOW', 'ClearDisplayMessage', { id: 2 });
	assert.deepEqual(await shown(), ['Message 3']);
	const [e] = await events('SHOW', 'DisplayChanged');
	assert.equal(e.payload.id, 1);
	await s.close();
});

test('rule 39: a customer is named by exactly one thing, and the report is put together', async () => {
	let s;
	s = await known('CUST', model(1), {
		CustomerInformation: ({ requestId }) => {
			setTimeout(async () => {
				const part = (seqNo, data, tbc) =>
					s.call('NotifyCustomerInformation', { requestId, seqNo, data, generatedAt: now(), ...(tbc && { tbc }) });
				await part(0, 'charged on Mon', true);
				await part(1, 'day: 12 kWh "café"');
			}, 10);
			return { status: 'Accepted' };
		},
	});
	const ask = (more) => depotd.api('POST', '/stations/CUST/commands', {
		action: 'CustomerInformation', wait: 'end', payload: { report: true, clear: false, ...more },
	});
	for (const more of [
		{}, { customerIdentifier: 'x', idToken: { idToken: 'AA', type: 'Central' } }, { customerIdentifier: 'x', report: false },
	])
		assert.equal((await ask(more)).status, 400);
	assert.equal((await ask({ customerIdentifier: 'x' })).json.state, 'done');
	const [r] = (await get('/stations/CUST/customer-reports')).reports;
	assert.equal(r.data, 'charged on Monday: 12 kWh "café"');
	await s.close();
});

test('N10.FR.06: data is cleared when the station says so, not when it accepted to', async () => {
	const s = await known('CLEAR', model(1), {});
	const r = await depotd.api('POST', '/stations/CLEAR/commands', {
		action: 'CustomerInformation', payload: { report: false, clear: true, customerIdentifier: 'x' },
	});
	assert.deepEqual([r.json.state, r.json.status], ['running', 'Accepted'], r.text);
	const k = async () => (await depotd.api('GET', `/commands/${r.json.id}`)).json;
	await s.call('NotifyCustomerInformation', { requestId: r.json.request_id + 1, seqNo: 0, data: 'of another', generatedAt: now() });
	assert.equal((await k()).state, 'running');
	await s.call('NotifyCustomerInformation', { requestId: r.json.request_id, seqNo: 0, data: 'gone', generatedAt: now() });
	const end = await k();
	assert.deepEqual([end.state, end.status], ['done', 'Cleared']);
	assert.match(end.note, /cleared/);
	await s.close();
});

test('the projections of all this equal the journal', async () => {
	await depotd.stop();
	const out = execFileSync(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', depotd.data], { encoding: 'utf8' });
	assert.match(out, /are what \d+ events of the journal make them/);
});
