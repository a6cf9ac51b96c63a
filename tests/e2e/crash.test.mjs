// kill -9 at any moment under load: nothing that depotd answered is lost, the chain holds, and the
// projections are what the journal says.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import WebSocket from 'ws';
import { BUILD, Depotd, sleep } from './harness.mjs';

const KILLS = Number(process.env.KILLS ?? 50);
const STATIONS = 8;
const PASSWORD = 'a-Good_Passw0rd-for-all';

const ids = Array.from({ length: STATIONS }, (_, i) => `CP-${i + 1}`);
const depot = `
depot: crash
name: Crash test
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: 500000}
stations:
${ids.map((id) => `  - {id: ${id}, node: site, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}]}`).join('\n')}
`;

let depotd;

before(async () => {
	depotd = await new Depotd({ depot }).start();
	for (const id of ids) {
		const r = await depotd.api('PUT', `/stations/${id}`, {
			policy: 'accepted', password: PASSWORD, node: 'site',
			evses: [{ id: 1, kind: 'ac', max_w: 22000, min_w: 4140, tail_w: 4140 }],
		});
		assert.ok(r.status < 300, r.text);
	}
});

after(() => depotd?.clean());

/** A station that sends events as fast as they are answered; `acked` is what depotd confirmed. */
function hammer(id, tx, acked) {
	return new Promise((resolve) => {
		const ws = new WebSocket(`ws://127.0.0.1:${depotd.ports.profile1}/ocpp/${id}`, 'ocpp2.0.1', {
			headers: { authorization: `Basic ${Buffer.from(`${id}:${PASSWORD}`).toString('base64')}` },
		});
		let seq = -1;
		let sent = null;
		const call = (action, payload) => {
			sent = `${tx}-${action}-${seq}`;
			ws.send(JSON.stringify([2, sent, action, payload]));
		};
		const next = () => {
			seq++;
			const at = new Date().toISOString();
			call('TransactionEvent', {
				eventType: seq ? 'Updated' : 'Started', seqNo: seq, timestamp: at, evse: { id: 1 },
				triggerReason: seq ? 'MeterValuePeriodic' : 'CablePluggedIn',
				transactionInfo: { transactionId: tx, chargingState: 'Charging' },
				meterValue: [{ timestamp: at, sampledValue: [{ value: 1000 + seq }] }],
			});
		};
		ws.on('open', () => call('BootNotification', {
			reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V' },
		}));
		ws.on('message', (data) => {
			const m = JSON.parse(data);
			if (m[0] === 2) return ws.send(JSON.stringify([3, m[1], { status: 'Accepted' }]));
			if (m[1] !== sent) return;
			assert.equal(m[0], 3, `a CALLERROR: ${data}`);
			if (seq >= 0) acked.push(seq);
			next();
		});
		ws.on('error', () => {});
		ws.on('close', resolve);
	});
}

test(`${KILLS} kills under load lose nothing that was answered`, { timeout: 300000 }, async () => {
	let answered = 0;
	for (let round = 0; round < KILLS; round++) {
		const acked = ids.map(() => []);
		const load = ids.map((id, i) => hammer(id, `t${round}-${i}`, acked[i]));
		await sleep(60 + Math.random() * 250);
		await depotd.stop('SIGKILL');
		await Promise.all(load);
		await depotd.start();
		for (const [i, id] of ids.entries()) {
			if (!acked[i].length) continue;
			const r = await depotd.api('GET', `/transactions/${id}/t${round}-${i}`);
			assert.equal(r.status, 200, `round ${round}: ${id}: ${acked[i].length} events answered, ${r.text}`);
			assert.ok(r.json.events.length >= acked[i].length,
				`round ${round}: ${id}: ${acked[i].length} events answered, ${r.json.events.length} there`);
			assert.ok(!r.json.transaction.missing?.match(/\d/), `round ${round}: missing ${r.json.transaction.missing}`);
			answered += acked[i].length;
		}
	}
	assert.ok(answered > KILLS * STATIONS, `load was real: ${answered} answered`);
	console.log(`# ${answered} events answered over ${KILLS} kills`);
});

test('the chain holds and the projections equal the journal', async () => {
	await depotd.stop();
	const ctl = join(BUILD, 'depotctl');
	execFileSync(ctl, ['verify', '--data', depotd.data], { stdio: 'pipe' });
	execFileSync(ctl, ['rebuild', '--check', '--data', depotd.data], { stdio: 'pipe' });
});
