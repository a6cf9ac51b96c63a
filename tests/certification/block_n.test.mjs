// Certification cases of a CSMS, block N: diagnostics.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { ask, block, certify, ended, exchange, get, goesOn, operator, pathOf, stored, until } from './harness.mjs';
import { now, variable } from './station.mjs';

block({
	depot: `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 5000000}
authorization: {list_settle_s: 0}
`,
});

// -- N02: monitoring reports ----------------------------------------------------------------------

const at = (name, evse) => ({ name, ...(evse && { evse: { id: evse } }) });
const of = (component, name, evse) => ({ component: at(component, evse), variable: { name } });

/** A variable with a monitor, as a station reports it. */
const monitored = (what, id, type, value, more = {}) => ({
	...what, variableMonitoring: [{ id, transaction: false, value, type, severity: 5, ...more }],
});

const monitors = async (s) => (await get(`${pathOf(s)}/monitors`)).monitors;

/** The operator is shown this monitor. */
const showsMonitor = (s, { component, variable: v, variableMonitoring: [m] }) =>
	until(`monitor ${m.id}`, async () => (await monitors(s)).find((x) => x.id === m.id && x.type === m.type &&
		x.component === component.name && (x.evse ?? 0) === (component.evse?.id ?? 0) && x.variable === v.name &&
		x.value === m.value && x.severity === m.severity));

/** Asks for a monitoring report that comes in parts of one; each monitor is shown when it is whole. */
async function report(s, payload, found) {
	const [q, k] = await exchange(s, 'GetMonitoringReport', payload, { status: found.length ? 'Accepted' : 'EmptyResultSet' });
	const { requestId, ...rest } = q;
	assert.ok(Number.isInteger(requestId) && requestId === k.request_id);
	assert.deepEqual(rest, payload);
	for (const [seqNo, monitor] of found.entries()) {
		await goesOn(k);
		assert.deepEqual(await s.call('NotifyMonitoringReport', {
			requestId, seqNo, tbc: seqNo + 1 < found.length, generatedAt: now(), monitor: [monitor],
		}), {});
	}
	await ended(k);
	for (const monitor of found) await showsMonitor(s, monitor);
}

const POWER = of('ChargingStation', 'Power');
const STATION_STATE = of('ChargingStation', 'AvailabilityState');
const EVSE_STATE = of('EVSE', 'AvailabilityState', 1);

certify('N_01', {}, async (s) => {
	await report(s, { monitoringCriteria: ['DeltaMonitoring'] }, []);
	await report(s, { monitoringCriteria: ['ThresholdMonitoring'] },
		[monitored(POWER, 1, 'UpperThreshold', 22000), monitored(POWER, 2, 'LowerThreshold', 100.5)]);
});

certify('N_02', {}, async (s) => {
	await report(s, { componentVariable: [POWER] }, []);
	await report(s, { componentVariable: [EVSE_STATE] }, [monitored(EVSE_STATE, 3, 'Delta', 1)]);
});

certify('N_03', {}, async (s) => {
	await report(s, { monitoringCriteria: ['DeltaMonitoring'], componentVariable: [EVSE_STATE] }, []);
	await report(s, { monitoringCriteria: ['ThresholdMonitoring'], componentVariable: [POWER] },
		[monitored(POWER, 1, 'UpperThreshold', 22000)]);
});

certify('N_60', {}, async (s) => {
	await report(s, { monitoringCriteria: ['ThresholdMonitoring'], componentVariable: [POWER, of('EVSE', 'Power', 1)] }, []);
	await report(s, { monitoringCriteria: ['DeltaMonitoring'], componentVariable: [STATION_STATE, EVSE_STATE] },
		[monitored(STATION_STATE, 4, 'Delta', 1), monitored(EVSE_STATE, 5, 'Delta', 1)]);
});

certify('N_47', {}, async (s) => {
	await report(s, {}, [monitored(POWER, 1, 'UpperThreshold', 22000), monitored(EVSE_STATE, 3, 'Delta', 1),
		monitored(of('FiscalMetering', 'Power'), 6, 'PeriodicClockAligned', 900)]);
	await report(s, {}, [monitored(POWER, 1, 'UpperThreshold', 22000)]);
	await until('one monitor', async () => (await monitors(s)).length === 1); // all was asked for
});

// -- N03 to N06: setting them ---------------------------------------------------------------------

certify('N_05', {}, async (s) => {
	for (const monitoringBase of ['All', 'FactoryDefault', 'HardWiredOnly']) {
		const [q, k] = await exchange(s, 'SetMonitoringBase', { monitoringBase }, { status: 'Accepted' });
		assert.deepEqual(q, { monitoringBase });
		await ended(k);
		assert.equal((await get(`${pathOf(s)}/monitors`)).base, monitoringBase);
	}
});

/** Sets Delta monitors; the station numbers them from 70. */
async function setDelta(s, ...whats) {
	const setMonitoringData = whats.map((what) => ({ value: 1, type: 'Delta', severity: 8, ...what }));
	const [q, k] = await exchange(s, 'SetVariableMonitoring', { setMonitoringData }, {
		// rule 38: results are found by what they are of, not by where they stand
		setMonitoringResult: setMonitoringData.map(({ value, ...d }, i) => ({ ...d, id: 70 + i, status: 'Accepted' })).reverse(),
	});
	assert.deepEqual(q, { setMonitoringData });
	await ended(k);
	for (const [i, what] of whats.entries()) await showsMonitor(s, monitored(what, 70 + i, 'Delta', 1, { severity: 8 }));
}

certify('N_08', {}, (s) => setDelta(s, EVSE_STATE));
certify('N_09', {}, (s) => setDelta(s, EVSE_STATE, STATION_STATE));

for (const [number, status] of [['N_16', 'Accepted'], ['N_17', 'Rejected']])
	certify(number, {}, async (s) => {
		const [q, k] = await exchange(s, 'SetMonitoringLevel', { severity: 4 }, { status });
		assert.deepEqual(q, { severity: 4 });
		assert.equal((await ended(k, status === 'Accepted' ? 'done' : 'refused')).status, status);
		assert.equal((await get(`${pathOf(s)}/monitors`)).level, status === 'Accepted' ? 4 : undefined);
	});

const LIMIT = 3;

certify('N_18', {
	station: {
		model: [variable('MonitoringCtrlr', 'ItemsPerMessage', LIMIT,
			{ instance: 'ClearVariableMonitoring', mutability: 'ReadOnly', dataType: 'integer' })],
	},
}, async (s) => {
	const limit = { component: { name: 'MonitoringCtrlr' }, variable: { name: 'ItemsPerMessage', instance: 'ClearVariableMonitoring' } };
	await ended(await ask(s, 'GetVariables', { getVariableData: [limit] }));
	const id = Array.from({ length: LIMIT + 2 }, (_, i) => 300 + i);
	await report(s, { componentVariable: [POWER] }, [299, ...id].map((n) => monitored(POWER, n, 'UpperThreshold', n)));
	const answer = (q) => ({ clearMonitoringResult: q.id.map((n) => ({ id: n, status: 'Accepted' })) });
	const came = [s.expect('ClearVariableMonitoring', answer), s.expect('ClearVariableMonitoring', answer)];
	const end = await ended(await ask(s, 'ClearVariableMonitoring', { id }));
	const parts = (await Promise.all(came)).map((q) => q.id);
	for (const p of parts) assert.ok(p.length <= LIMIT, 'N06.FR.04');
	assert.deepEqual(parts.flat(), id);
	assert.equal(end.response.clearMonitoringResult.length, id.length, 'one answer to the operator');
	assert.deepEqual((await monitors(s)).map((m) => m.id), [299], 'the others are gone');
});

certify('N_44', {}, async (s) => {
	const hardWired = monitored(POWER, 9, 'UpperThreshold', 22000);
	await report(s, { componentVariable: [POWER] }, [hardWired]);
	const [q, k] = await exchange(s, 'ClearVariableMonitoring', { id: [9] }, {
		clearMonitoringResult: [{ id: 9, status: 'Rejected' }],
	});
	assert.deepEqual(q, { id: [9] });
	assert.equal((await ended(k, 'refused')).status, 'Rejected');
	await showsMonitor(s, hardWired);
});

// -- N07, N08: events -----------------------------------------------------------------------------

let eventId = 1000;

/** Sends one event; the answer has an empty body (N07.FR.03). */
async function event(s, what, more) {
	const eventData = [{
		eventId: ++eventId, timestamp: now(), trigger: 'Alerting', actualValue: '23100.5',
		eventNotificationType: 'HardWiredMonitor', ...what, ...more,
	}];
	assert.deepEqual(await s.call('NotifyEvent', { generatedAt: now(), seqNo: 0, tbc: false, eventData }), {});
}

const alerts = async (s) => (await get(`${pathOf(s)}/alerts`)).alerts.filter((a) => a.open);
const alert = async (s, variable) => (await alerts(s)).find((a) => a.variable === variable);
const raised = (s, name) => until(`an alert of ${name}`, () => alert(s, name));

certify('N_21', {}, async (s) => {
	await event(s, POWER, { techCode: 'OVR-7', techInfo: 'more than the fuse takes' });
	const a = await raised(s, 'Power');
	assert.equal(a.value, '23100.5');
	assert.equal(a.component, 'ChargingStation');
	await event(s, of('EVSE', 'Overload', 1), { actualValue: 'true' });
	await raised(s, 'Overload');
});

const PERIODIC = { trigger: 'Periodic', eventNotificationType: 'CustomMonitor', variableMonitoringId: 12 };

for (const number of ['N_24', 'N_50'])
	certify(number, {}, async (s) => {
		for (let i = 0; i < 3; i++) await event(s, of('FiscalMetering', 'Power'), { ...PERIODIC, actualValue: String(100 + i) });
		assert.equal(await alert(s, 'Power'), undefined, 'a periodic value is no alert');
		assert.equal(await stored(s, 'FiscalMetering', 'Power'), '102');
	});

certify('N_48', {}, async (s) => {
	await event(s, of('SecurityCtrlr', 'BasicAuthPassword'), {
		trigger: 'Delta', actualValue: '', eventNotificationType: 'CustomMonitor',
	});
	assert.equal(await stored(s, 'SecurityCtrlr', 'BasicAuthPassword'), undefined, 'write-only: there is no value');
	const { events } = await get(`/journal?stream=station/${s.id}&type=DeviceEvents`);
	assert.equal(events.at(-1).payload.events[0].of.variable, 'BasicAuthPassword', 'but it changed');
});

certify('N_49', {}, async (s) => {
	const monitor = { eventNotificationType: 'CustomMonitor', variableMonitoringId: 1 };
	await event(s, POWER, monitor);
	await raised(s, 'Power');
	await s.booted(); // in between it has booted
	await event(s, POWER, { ...monitor, actualValue: '17000', cleared: true });
	await until('its end', async () => !(await alert(s, 'Power')));
});

// -- N01: logs ------------------------------------------------------------------------------------

/** Asks for a log; depotd gives the place for it. [request, command] */
async function log(s, type, status = 'Accepted') {
	const came = s.expect('GetLog', { status, ...(status !== 'Rejected' && { filename: 'log.txt' }) });
	const k = await operator('POST', `${pathOf(s)}/logs`, {
		type, oldest: '2026-01-01T00:00:00Z', retries: 2, retry_interval_s: 10,
	});
	const q = await came;
	assert.equal(q.logType, type);
	assert.ok(Number.isInteger(q.requestId) && q.requestId === k.request_id);
	assert.equal(new URL(q.log.remoteLocation).protocol, 'https:', q.log.remoteLocation);
	return [q, k];
}

async function logStatus(s, q, status) {
	assert.deepEqual(await s.call('LogStatusNotification', { status, requestId: q.requestId }), {});
}

/** Puts a file where depotd wants it; the HTTP status. */
function upload(s, location, text) {
	const url = new URL(location);
	return new Promise((ok, bad) => {
		const r = request({
			host: '127.0.0.1', port: url.port, servername: 'localhost', path: url.pathname + url.search, method: 'PUT',
			ca: readFileSync(s.depotd.root()), headers: { 'content-length': Buffer.byteLength(text) },
		}, (res) => res.resume().on('end', () => ok(res.statusCode)));
		r.on('error', bad).end(text);
	});
}

/** Uploads, with what is told meanwhile; the file is there for the operator. */
async function uploads(s, q, k, text) {
	await logStatus(s, q, 'Uploading');
	await goesOn(k);
	assert.ok([200, 201, 204].includes(await upload(s, q.log.remoteLocation, text)));
	await logStatus(s, q, 'Uploaded');
	await ended(k);
	const files = (await get(`/files?station=${encodeURIComponent(s.id)}`)).files;
	assert.equal(files.length, 1, JSON.stringify(files));
	assert.equal(files[0].size, Buffer.byteLength(text));
}

certify('N_25', {}, async (s) => {
	const [q, k] = await log(s, 'DiagnosticsLog');
	await uploads(s, q, k, 'all is well\n');
});

certify('N_35', {}, async (s) => {
	const [q, k] = await log(s, 'SecurityLog');
	await uploads(s, q, k, 'nobody came\n');
});

certify('N_34', {}, async (s) => {
	const [, k] = await log(s, 'DiagnosticsLog', 'Rejected');
	assert.equal((await ended(k, 'refused')).status, 'Rejected');
});

certify('N_36', {}, async (s) => {
	const [first, k] = await log(s, 'DiagnosticsLog');
	await logStatus(s, first, 'Uploading');
	const [second, l] = await log(s, 'SecurityLog', 'AcceptedCanceled');
	assert.notEqual(second.requestId, first.requestId);
	await logStatus(s, first, 'AcceptedCanceled');
	await ended(k, 'cancelled'); // N01.FR.12
	await uploads(s, second, l, 'nobody came\n');
});

// -- N09, N10: customers --------------------------------------------------------------------------

const CUSTOMER = { idToken: { idToken: 'AABBCCDD', type: 'ISO14443' } };

async function customer(s, who, { report, clear }, parts, status = 'Accepted') {
	const payload = { report, clear, ...who };
	const [q, k] = await exchange(s, 'CustomerInformation', payload, { status });
	const { requestId, ...rest } = q;
	assert.ok(Number.isInteger(requestId) && requestId === k.request_id);
	assert.deepEqual(rest, payload);
	if (status !== 'Accepted') return ended(k, 'refused');
	for (const [seqNo, data] of parts.entries()) {
		await goesOn(k); // also N10.FR.06: Accepted is not the end of clearing either
		assert.deepEqual(await s.call('NotifyCustomerInformation', {
			requestId, seqNo, data, tbc: seqNo + 1 < parts.length, generatedAt: now(),
		}), {});
	}
	await ended(k);
	if (!report || !parts.join('')) return undefined;
	return until('the report to be shown', async () =>
		(await get(`${pathOf(s)}/customer-reports`)).reports.find((r) => r.data === parts.join('')));
}

const GET = { report: true, clear: false };
const BOTH = { report: true, clear: true };
const CLEAR = { report: false, clear: true };
const DATA = ['AABBCCDD: transactions of 2026-01-02, ', '2026-01-03 and 2026-01-04'];

certify('N_27', {}, (s) => customer(s, CUSTOMER, GET, DATA));
certify('N_28', {}, (s) => customer(s, CUSTOMER, GET, ['']));
certify('N_29', {}, (s) => customer(s, CUSTOMER, GET, [], 'Rejected'));
certify('N_30', {}, (s) => customer(s, CUSTOMER, BOTH, DATA));
certify('N_31', {}, (s) => customer(s, CUSTOMER, BOTH, ['']));
certify('N_32', {}, (s) => customer(s, CUSTOMER, CLEAR, ['']));
certify('N_62', {}, (s) => customer(s, { customerIdentifier: 'OpenChargeAlliance' }, BOTH, DATA));

certify('N_63', {}, (s) => customer(s, {
	customerCertificate: {
		hashAlgorithm: 'SHA256', issuerNameHash: 'a1'.repeat(32), issuerKeyHash: 'b2'.repeat(32), serialNumber: '1f3',
	},
}, BOTH, DATA));

certify('N_46', {}, async (s) => {
	const isOurs = (e) => e.idToken.idToken.toUpperCase() === s.token.idToken.toUpperCase();
	const full = s.expect('SendLocalList');
	await operator('PUT', `${pathOf(s)}/local-list`, { mode: 'sync' });
	const before = await full;
	assert.ok(before.localAuthorizationList.find(isOurs)?.idTokenInfo, 'it is on the list');
	const changed = s.expect('SendLocalList');
	await customer(s, { idToken: s.token }, BOTH, DATA);
	const after = await changed; // N10.FR.02
	assert.equal(after.updateType, 'Differential');
	assert.ok(after.versionNumber > before.versionNumber, 'D01.FR.18');
	assert.equal(after.localAuthorizationList.length, 1);
	assert.ok(isOurs(after.localAuthorizationList[0]));
	assert.equal(after.localAuthorizationList[0].idTokenInfo, undefined, 'D01.FR.16: taken off');
	await until('the list to be in order', async () =>
		(await get('/local-lists')).lists.find((l) => l.station === s.id).version === after.versionNumber);
});
