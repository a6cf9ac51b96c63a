// Stations are asked for the measurands that depotd needs, on each connection, only for what is
// missing, with the result seen; who refuses some of them gives the others.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Depotd, sleep, until } from './harness.mjs';
import { Station, booted, register } from './peer.mjs';

const ALL = ['Energy.Active.Import.Register', 'Power.Active.Import', 'Current.Import', 'SoC', 'Voltage'];
let d;
before(async () => {
	d = await new Depotd({ config: 'device: {inventory_delay_s: 1}\ncontrol: {sample_s: 20, reconcile_s: 0}\n' }).start();
});
after(() => d?.clean());

/** A station with these measurands; `judge` says what it makes of a new list. */
function device(list, judge = () => 'Accepted', interval = '20') {
	const m = { list, interval, sets: [] };
	m.handlers = {
		GetBaseReport: () => ({ status: 'NotSupported' }), GetMonitoringReport: () => ({ status: 'NotSupported' }),
		GetVariables: ({ getVariableData }) => ({ getVariableResult: getVariableData.map(({ component, variable }) => {
			const value = { TxUpdatedMeasurands: m.list, TxUpdatedInterval: m.interval }[variable.name];
			return { component, variable, ...(value === undefined ? { attributeStatus: 'UnknownVariable' }
				: { attributeStatus: 'Accepted', attributeValue: value }) };
		}) }),
		SetVariables: ({ setVariableData }) => ({ setVariableResult: setVariableData.map(({ component, variable, attributeValue }) => {
			m.sets.push([variable.name, attributeValue]);
			const attributeStatus = variable.name === 'TxUpdatedMeasurands' ? judge(attributeValue.split(',')) : 'Accepted';
			if (attributeStatus === 'Accepted' && variable.name === 'TxUpdatedMeasurands') m.list = attributeValue;
			if (attributeStatus === 'Accepted' && variable.name === 'TxUpdatedInterval') m.interval = attributeValue;
			return { component, variable, attributeStatus };
		}) }),
	};
	m.lists = () => m.sets.filter(([name]) => name === 'TxUpdatedMeasurands').map(([, v]) => v);
	return m;
}

/** Waits until it was looked at and nothing more is under way. */
const looked = (s, times = 1) => until('a look at what it samples', async () =>
	s.calls.filter((c) => c[2] === 'GetVariables' && /TxUpdatedMeasurands/.test(JSON.stringify(c))).length >= times &&
	(await d.api('GET', `/commands?station=${s.id}&state=open`)).json.commands.length === 0);

test('what is missing is added to what it samples already, and nothing is set twice', async () => {
	const m = device('Frequency,energy.active.import.register');
	const s = await booted(d, 'SOME', { handlers: m.handlers });
	await looked(s);
	await until('the list', () => m.list === `Frequency,energy.active.import.register,${ALL.slice(1)}`);
	await s.close();
	const back = await new Station(d, 'SOME', { handlers: m.handlers }).connect();
	await looked(back);
	assert.equal(m.lists().length, 1);
	await back.close();
});

test('a station that was known before is asked on its next connection, without a boot', async () => {
	const m = device(ALL.join(), undefined, '900');
	const s = await booted(d, 'KNOWN', { handlers: m.handlers });
	await looked(s);
	await s.close();
	assert.deepEqual(m.lists(), []);
	await d.stop();
	await d.start();
	Object.assign(m, { list: ALL[0], interval: '900', sets: [] }); // as an older depotd left it
	const back = await new Station(d, 'KNOWN', { handlers: m.handlers }).connect();
	await looked(back);
	await until('both to be set', () => m.list === ALL.join() && m.interval === '20');
	assert.deepEqual(m.sets, [['TxUpdatedInterval', '20'], ['TxUpdatedMeasurands', ALL.join()]]);
	await back.close();
});

test('who refuses a measurand is offered the others one by one, once', async () => {
	const m = device(ALL[0], (list) => (list.includes('SoC') || list.length > 4 ? 'Rejected' : 'Accepted'));
	const s = await booted(d, 'PART', { handlers: m.handlers });
	await until('the subset', () => m.list === [ALL[0], ALL[1], ALL[2], ALL[4]].join());
	await looked(s);
	const offers = m.lists();
	assert.deepEqual(offers.map((v) => v.split(',').length), [5, 2, 3, 4, 4]);
	const seen = (await d.api('GET', '/commands?station=PART&action=SetVariables')).json.commands;
	assert.ok(seen.some((k) => /Rejected/.test(JSON.stringify(k))) && seen.some((k) => k.state === 'done'));
	await s.close();
	const back = await new Station(d, 'PART', { handlers: m.handlers }).connect();
	await looked(back);
	assert.equal(m.lists().length, offers.length); // what it refused is left alone
	await back.close();
});

test('a station without such a variable, and one that takes nothing, are left as they are', async () => {
	const none = device(undefined), stubborn = device('', () => 'Rejected');
	const [a, b] = [await booted(d, 'NONE', { handlers: none.handlers }), await booted(d, 'STUBBORN', { handlers: stubborn.handlers })];
	await looked(a);
	await until('five refusals and that of all together', () => stubborn.lists().length === 6);
	await looked(b);
	await sleep(500);
	assert.deepEqual([none.lists().length, stubborn.lists().length, stubborn.list], [0, 6, '']);
	await a.close();
	await b.close();
});

test('a station of OCPP 1.6 is asked by its configuration keys', async () => {
	const keys = { MeterValuesSampledData: 'Energy.Active.Import.Register', MeterValueSampleInterval: '20' };
	await register(d, 'OLD');
	const s = await new Station(d, 'OLD', { protocols: 'ocpp1.6', handlers: {
		GetConfiguration: ({ key }) => ({ configurationKey: (key ?? Object.keys(keys)).filter((k) => k in keys)
			.map((k) => ({ key: k, readonly: false, value: keys[k] })), unknownKey: (key ?? []).filter((k) => !(k in keys)) }),
		ChangeConfiguration: ({ key, value }) => {
			if (/SoC/.test(value)) return { status: 'Rejected' };
			keys[key] = value;
			return { status: 'Accepted' };
		},
	} }).connect();
	await s.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
	await until('the key', () => keys.MeterValuesSampledData === [ALL[0], ALL[1], ALL[2], ALL[4]].join());
	await s.close();
});
