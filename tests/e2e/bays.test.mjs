// A van is assigned to a bay: who stands there and shows nothing is taken for it, at once, over a restart,
// until it is given another bay.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Depotd } from './harness.mjs';
import { booted } from './peer.mjs';

const VAN = { id: 'VAN-7', battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0, target_pct: 85 };
let depotd, a, b;

before(async () => {
	depotd = await new Depotd({ config: 'device: {inventory: off}\ncontrol: {reconcile_s: 0}\n' }).start();
	a = await booted(depotd, 'BAY-A');
	b = await booted(depotd, 'BAY-B');
});
after(() => depotd.clean());

const put = (row) => depotd.api('PUT', `/vehicles/${row.id}`, row);
const evse = async (id) => (await depotd.api('GET', `/stations/${id}`)).json.evses[0];
const plug = (s, tx, eventType = 'Started', seqNo = 0) => s.call('TransactionEvent', { eventType, seqNo, triggerReason: 'CablePluggedIn',
	timestamp: new Date().toISOString(), transactionInfo: { transactionId: tx }, evse: { id: 1, connectorId: 1 } });

describe('bays', () => {
	test('an EVSE that is not there is refused, and one that is another van’s', async () => {
		for (const bay of ['BAY-A/9', 'NOWHERE/1', 'BAY-A', '/1', 'BAY-A/x', 'BAY-A/1 ']) {
			const said = await put({ ...VAN, bay });
			assert.equal(said.status, 422, `${bay}: ${JSON.stringify(said.json)}`);
			assert.match(said.json.detail, /there is no EVSE/);
		}
		assert.equal((await put({ ...VAN, bay: 'BAY-A/1' })).status, 200);
		const said = await put({ ...VAN, id: 'VAN-8', bay: 'BAY-A/1' });
		assert.equal(said.status, 409, JSON.stringify(said.json));
		assert.match(said.json.detail, /is assigned to VAN-7/);
	});

	test('the bay is shown; who plugs in there and shows nothing is taken for the van', async () => {
		assert.deepEqual((await depotd.api('GET', '/vehicles/VAN-7')).json.bays, ['BAY-A/1']);
		await plug(a, 'tx-a');
		const { vehicle, vehicle_by } = await evse('BAY-A');
		assert.deepEqual([vehicle, vehicle_by], ['VAN-7', 'bay rule']);
	});

	test('handed over to another bay where somebody stands: that is the van from now on, and the first one is nobody', async () => {
		await plug(b, 'tx-b');
		assert.equal((await evse('BAY-B')).vehicle, undefined);
		assert.equal((await put({ ...VAN, bay: 'BAY-B/1' })).status, 200);
		assert.deepEqual([(await evse('BAY-A')).vehicle, (await evse('BAY-B')).vehicle], [undefined, 'VAN-7']);
		await depotd.stop();
		await depotd.start();
		assert.deepEqual([(await evse('BAY-A')).vehicle, (await evse('BAY-B')).vehicle], [undefined, 'VAN-7'], 'over a restart');
	});

	test('taken back: nobody is known there; the audit has who did it', async () => {
		assert.equal((await put(VAN)).status, 200);
		assert.equal((await evse('BAY-B')).vehicle, undefined);
		assert.deepEqual((await depotd.api('GET', '/vehicles/VAN-7')).json.bays, []);
		const { rows } = (await depotd.api('GET', '/audit?type=VehicleChanged&limit=10')).json;
		assert.ok(rows.some((r) => r.payload?.row?.includes?.('BAY-B/1') || JSON.stringify(r.payload).includes('BAY-B/1')));
	});
});
