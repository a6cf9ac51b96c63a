// The rules that a central system most often gets wrong, by their numbers: those that no other file
// here shows. Stations are of peer.mjs: they send what no client library would.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import WebSocket from 'ws';
import { BUILD, Depotd, until } from './harness.mjs';
import { basic, booted, frame, PASSWORD, rawStation, register, Station, Tcp, upgradeHead } from './peer.mjs';

const now = () => new Date().toISOString();

let depotd;

before(async () => {
	depotd = await new Depotd({
		config: `data_transfer:
  - {vendor: org.example.meter, messages: [hello, bye]}
  - {vendor: org.example.all}
`,
	}).start();
});
after(() => depotd.clean());

const events = async (stream, type) =>
	(await depotd.api('GET', `/journal?stream=${encodeURIComponent(stream)}&type=${type}&limit=1000`)).json.events;

describe('the connection', () => {
	test('rule 3: with handshake_without_subprotocol: close it is completed without one and closed at once', async () => {
		const d = await new Depotd({ listen: '  handshake_without_subprotocol: close\n' }).start();
		try {
			await register(d, 'SUB-1');
			const t = await rawStation(d, 'SUB-1', { 'Sec-WebSocket-Protocol': 'ocpp0.1' });
			assert.equal(await t.closeCode(), 1002);
			assert.doesNotMatch(String(t.got), /Sec-WebSocket-Protocol/i);
			assert.match(String(t.got), /Sec-WebSocket-Accept/i);
			t.destroy();
			assert.equal((await d.api('GET', '/stations/SUB-1')).json.connected, false);
			const none = await rawStation(d, 'SUB-1', { 'Sec-WebSocket-Protocol': undefined });
			assert.equal(await none.closeCode(), 1002);
			none.destroy();
			// credentials are looked at first
			await assert.rejects(rawStation(d, 'SUB-1', { 'Sec-WebSocket-Protocol': 'ocpp0.1', Authorization: undefined }), /401/);
			const good = await rawStation(d, 'SUB-1', { 'Sec-WebSocket-Protocol': 'ocpp0.1,ocpp2.0.1' });
			assert.match(String(good.got), /Sec-WebSocket-Protocol: ocpp2\.0\.1\r\n/i);
			good.destroy();
		} finally {
			await d.clean();
		}
	});
});

describe('TLS', () => {
	/** The status of an upgrade over this connection, which it closes. */
	const over = async (t, id) => {
		t.write(upgradeHead(id));
		const [, status] = /^HTTP\/1\.1 (\d+) /.exec(String((await once(t, 'data'))[0]));
		t.destroy();
		return status;
	};
	/** A TLS connection to the listener of profile 2; rejects when the handshake fails. */
	const secure = (options = {}) => new Promise((ok, bad) => {
		const t = tls.connect({ host: '127.0.0.1', port: depotd.ports.profile2, servername: 'localhost', ca: readFileSync(depotd.root()), ...options }, () => ok(t));
		t.once('error', bad);
	});

	test('rule 5: each suite that the norm asks for, with a certificate of its kind', async () => {
		for (const [cipher, kind] of [['ECDHE-ECDSA-AES128-GCM-SHA256', 'ec'], ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ec'],
			['ECDHE-RSA-AES128-GCM-SHA256', 'rsa'], ['ECDHE-RSA-AES256-GCM-SHA384', 'rsa'],
			['AES128-GCM-SHA256', 'rsa'], ['AES256-GCM-SHA384', 'rsa']]) {
			const t = await secure({ ciphers: `${cipher}:@SECLEVEL=0`, maxVersion: 'TLSv1.2' });
			assert.equal(t.getCipher().name, cipher);
			const { publicKey } = t.getPeerX509Certificate();
			assert.equal(publicKey.asymmetricKeyType, kind);
			const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails;
			assert.ok(kind === 'rsa' ? modulusLength >= 2048 : namedCurve === 'prime256v1', 'at least 112 bits (A00.FR.319)');
			assert.equal(await over(t, 'TLS-1'), '404', `the upgrade goes by ${cipher}`);
		}
		const t = await secure();
		assert.equal(t.getProtocol(), 'TLSv1.3');
		t.destroy();
	});

	const SUITE = { ecdsa128: 0xc02b, ecdsa256: 0xc02c, rsa128: 0x009c, rsa256: 0x009d };

	/** Sends a ClientHello of our own to both TLS listeners; what the server said to it: a version, suite and compression, or an alert. */
	async function hello(version, suites, compressions = [0]) {
		const u16 = (n) => [n >> 8, n & 255];
		const list = (bytes, head = u16) => [...head(bytes.length), ...bytes];
		const extension = (type, bytes) => [...u16(type), ...list(bytes)];
		const body = [...u16(version), ...randomBytes(32), 0, ...list(suites.flatMap(u16)), ...list(compressions, (n) => [n]), ...list([
			...extension(10, list([0x0017, 0x0018, 0x001d].flatMap(u16))), ...extension(11, list([0], (n) => [n])),
			...extension(13, list([0x0403, 0x0503, 0x0401, 0x0501, 0x0804, 0x0203, 0x0201].flatMap(u16)))])];
		const said = [];
		for (const port of [depotd.ports.profile2, depotd.ports.console]) {
			const t = new Tcp(port);
			await t.open;
			t.send(Buffer.from([22, 3, 1, ...list([1, 0, ...list(body)])]));
			await until('a word of the server', () => t.got.length >= 7 || t.ended);
			const b = t.got;
			if (b[0] === 22) await until('the whole hello', () => t.got.length >= 5 + b.readUInt16BE(3));
			t.destroy();
			const at = 43 + 1 + (t.got[43] ?? 0); // behind the record's head, type, length, version, random and session
			said.push(b[0] === 21 ? { alert: b[6] } : b[0] === 22 ?
				{ version: t.got.readUInt16BE(9), suite: t.got.readUInt16BE(at), compression: t.got[at + 2] } : { nothing: b.length });
		}
		assert.deepEqual(said[0], said[1], 'both listeners alike');
		return said[0];
	}

	test('rule 5: nothing older than TLS 1.2, no weak suite, no compression', async () => {
		const all = Object.values(SUITE);
		for (const suite of all)
			assert.deepEqual(await hello(0x0303, [suite], [1, 0]), { version: 0x0303, suite, compression: 0 }, 'A00.FR.318, 321');
		// the same hello, but older, is answered with protocol_version (A00.FR.315)
		const old = [0x0005, 0x000a, 0x002f, 0x0035, 0xc009, 0xc00a, 0xc013, 0xc014];
		for (const version of [0x0301, 0x0302]) assert.deepEqual(await hello(version, [...old, ...all]), { alert: 70 });
		assert.ok((await hello(0x0300, [...old, ...all])).alert, 'SSL 3.0');
		// NULL, export, RC4, DES, 3DES, anonymous, static DH, CBC: handshake_failure, one by one
		for (const weak of [0x0001, 0x0002, 0x003b, 0x0003, 0x0004, 0x0005, 0x0009, 0x000a, 0xc012, 0x0018, 0x001b, 0x00a6, 0x006c, 0xc018,
			0x0067, 0x002f, 0x0035, 0x003c, 0x003d, 0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc024, 0xc027, 0xc028])
			assert.deepEqual(await hello(0x0303, [weak]), { alert: 40 }, weak.toString(16));
	});

	test('rule 7: a station registered for one profile is refused on the other', async () => {
		await register(depotd, 'SP-1', { security_profile: 2 });
		await assert.rejects(new Station(depotd, 'SP-1').connect(), { status: 403 });
		assert.equal(await over(await secure(), 'SP-1'), '101');
	});

	test('rule 7: who has booted on a higher profile never comes in lower again, until an operator says so', async () => {
		const d = await new Depotd().start();
		/** The HTTP status of an upgrade on the listener of this profile; boots if it may and is asked to. */
		const comes = async (id, profile, boots = false) => {
			const ca = readFileSync(d.root());
			const ws = new WebSocket(`${profile > 1 ? 'wss' : 'ws'}://localhost:${d.ports[`profile${profile}`]}/ocpp/${id}`, 'ocpp2.0.1', {
				headers: { authorization: basic(id) }, ...(profile > 1 && { ca }) });
			const status = await new Promise((ok, bad) => {
				ws.on('open', () => ok(101)).on('error', bad).on('unexpected-response', (req, res) => (req.destroy(), ok(res.statusCode)));
			});
			if (status === 101 && boots) {
				const answer = new Promise((ok) => ws.on('message', (text) => /^\[3,"boot"/.test(text) && ok(String(text))));
				ws.send('[2,"boot","BootNotification",{"reason":"RemoteReset","chargingStation":{"model":"M","vendorName":"V"}}]');
				assert.match(await answer, /"Accepted"/);
			}
			ws.terminate();
			return status;
		};
		const floor = async (id) => (await d.api('GET', `/stations/${id}`)).json.security_profile;
		const put = async (id, fields) => {
			const r = await d.api('PUT', `/stations/${id}`, fields);
			assert.ok(r.status < 300, r.text);
		};
		try {
			await register(d, 'UP-0');
			await register(d, 'UP-1', { security_profile: 1 });
			await put('CP-1', { policy: 'accepted', password: PASSWORD }); // of the depot's file
			const all = ['UP-0', 'UP-1', 'CP-1'];
			for (const id of all) {
				assert.equal(await comes(id, 1, true), 101);
				assert.equal(await comes(id, 2), 101);
				assert.equal(await comes(id, 1), 101, 'a look at the other listener is no upgrade');
				assert.equal(await comes(id, 2, true), 101);
				await until('the floor to rise', async () => await comes(id, 1) === 403);
			}
			await put('UP-1', { name: 'another name' });
			await put('CP-1', { password: PASSWORD, name: 'another name' });
			for (let i = 0; i < 2; i++) {
				for (const id of all) {
					assert.equal(await comes(id, 1), 403, `${id} ${i ? 'after a restart' : ''}`);
					assert.equal(await comes(id, 2), 101, id);
					await until('it to be gone', async () => !(await d.api('GET', `/stations/${id}`)).json.connected);
					assert.equal(await floor(id), 2);
				}
				await d.stop();
				await d.start();
			}
			for (const id of all) {
				await put(id, { security_profile: 1, why: 'a new board' });
				assert.equal(await comes(id, 1, true), 101, id);
			}
		} finally {
			await d.clean();
		}
	});

	test('rule 10: a message of 200 kB in TLS records of 512 bytes and fragments of 2 kB, and one of a single byte each', async () => {
		await register(depotd, 'REC-1', { security_profile: 2 });
		const t = await secure();
		t.setMaxSendFragment(512);
		let got = Buffer.alloc(0);
		t.on('data', (d) => (got = Buffer.concat([got, d])));
		t.write(upgradeHead('REC-1'));
		await until('the upgrade', () => /^HTTP\/1\.1 101 /.test(String(got)));
		const say = (text, size) => {
			const bytes = Buffer.from(text);
			for (let i = 0; i < bytes.length; i += size)
				t.write(frame(i ? 0 : 1, bytes.subarray(i, i + size), { fin: i + size >= bytes.length }));
		};
		say('[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}]', 1);
		await until('the answer to the boot', () => /\[3,"boot",/.test(String(got)));
		say(`[2,"big","Heartbeat",{"customData":{"vendorId":"x","big":"${'x'.repeat(200000)}"}}]`, 2048);
		await until('the answer to the big one', () => /\[3,"big",/.test(String(got)));
		t.destroy();
	});
});

describe('the messages', () => {
	test('rule 13: a retry on a new connection is answered alike and does not act twice', async () => {
		const a = await booted(depotd, 'RE-1');
		const payload = { vendorId: 'org.example.all', data: 'once' };
		const first = await a.ask('DataTransfer', payload, 'same');
		await a.close();
		const b = await new Station(depotd, 'RE-1').connect();
		assert.deepEqual(await b.ask('DataTransfer', payload, 'same'), first);
		assert.equal((await events('station/RE-1', 'VendorDataReceived')).length, 1);
		await b.ask('Authorize', { idToken: { idToken: 'nobody', type: 'Local' } }, 'same');
		await b.close();
	});

	test('rule 13: who counts its ids anew on each connection still gets the time of now', async () => {
		const a = await booted(depotd, 'RE-2');
		const t1 = (await a.ask('Heartbeat', {}, '1'))[2].currentTime;
		await a.close();
		const b = await new Station(depotd, 'RE-2').connect();
		assert.notEqual((await b.ask('Heartbeat', {}, '1'))[2].currentTime, t1);
		await b.close();
	});

	test('rule 16: customData of a vendor that nobody knows is accepted and ignored, everywhere (TC_P_03)', async () => {
		const customData = { vendorId: 'com.example.nobody', any: [1, { thing: null }] };
		const s = await booted(depotd, 'CD-1');
		assert.ok((await s.call('Heartbeat', { customData })).currentTime);
		await s.call('StatusNotification', { timestamp: now(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1, customData });
		assert.equal((await depotd.api('GET', '/stations/CD-1')).json.evses[0].connectors[0].status, 'Occupied');
		await s.call('BootNotification', { reason: 'Watchdog', customData,
			chargingStation: { model: 'M', vendorName: 'V', customData, modem: { iccid: '1', customData } } });
		await s.close();
	});

	test('rule 16: DataTransfer: known vendor and message Accepted and journalled, others told apart (TC_P_02)', async () => {
		const s = await booted(depotd, 'DT-1');
		const send = async (vendorId, messageId, data) =>
			(await s.call('DataTransfer', { vendorId, ...(messageId && { messageId }), ...(data !== undefined && { data }) })).status;
		assert.equal(await send('org.example.meter', 'hello', { a: [1, 'x'] }), 'Accepted');
		assert.equal(await send('ORG.example.METER', 'bye', 'text'), 'Accepted');
		assert.equal(await send('org.example.meter', 'what'), 'UnknownMessageId');
		assert.equal(await send('org.example.meter'), 'UnknownMessageId');
		assert.equal(await send('org.example.all', 'anything'), 'Accepted');
		assert.equal(await send('org.example.all'), 'Accepted');
		assert.equal(await send('com.nobody', 'hello'), 'UnknownVendorId');
		const kept = (await events('station/DT-1', 'VendorDataReceived')).map((e) => [e.payload.vendor, e.payload.message, e.payload.data]);
		assert.deepEqual(kept, [['org.example.meter', 'hello', { a: [1, 'x'] }], ['ORG.example.METER', 'bye', 'text'],
			['org.example.all', 'anything', undefined], ['org.example.all', undefined, undefined]]);
		await s.close();
	});

	test('rule 17: a signed message is processed as the normal one inside of it', async () => {
		const s = await booted(depotd, 'SIG-1');
		const b64 = (o) => Buffer.from(typeof o === 'string' ? o : JSON.stringify(o)).toString('base64url');
		const jws = (payload) => ({ payload: b64(payload), protected: b64({ alg: 'ES256', OCPPAction: 'x' }), signature: 'c2ln' });
		assert.ok((await s.call('Heartbeat-Signed', jws({}))).currentTime);
		assert.deepEqual(await s.call('StatusNotification-Signed', jws({ timestamp: now(), connectorStatus: 'Reserved', evseId: 1, connectorId: 1 })), {});
		assert.equal((await depotd.api('GET', '/stations/SIG-1')).json.evses[0].connectors[0].status, 'Reserved');
		for (const [what, payload, code] of [
			['nothing signed', {}, 'FormatViolation'], ['no base64', { payload: '=?' }, 'FormatViolation'],
			['no JSON', jws('nonsense'), 'FormatViolation'], ['more than a payload', jws('{},[]'), 'FormatViolation'],
			['a bad payload', jws({ evseId: 'x' }), 'TypeConstraintViolation'],
			['a deep one', jws('{"customData":' + '['.repeat(200) + ']'.repeat(200) + '}'), 'FormatViolation'],
		]) {
			const m = await s.ask('StatusNotification-Signed', payload);
			assert.equal(m[0], 4, what);
			if (what !== 'a bad payload') assert.equal(m[2], code, what);
		}
		assert.equal((await s.ask('NoSuch-Signed', jws({})))[2], 'NotImplemented');
		await s.close();
	});
});

describe('rule 23: a new password', () => {
	const NEXT = 'the-Next_Passw0rd-of-it';
	/** Asks the station to take a password; `answer` is what it says. */
	const offer = (d, id, password = NEXT, timeout_s) => d.api('POST', `/stations/${id}/calls`, { action: 'SetVariables', ...(timeout_s && { timeout_s }),
		payload: { setVariableData: [{ attributeValue: password, component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }] } });
	const results = (all, attributeStatus) =>
		({ setVariableResult: all.map(({ component, variable }) => ({ attributeStatus, component, variable })) });
	/** depotd sets variables of its own too: only a password gets this answer. */
	const onPassword = (answer) => (r, m) => r.setVariableData[0].variable.name === 'BasicAuthPassword' ? answer(r, m) : results(r.setVariableData, 'Accepted');
	const says = (status) => onPassword((r) => results(r.setVariableData, status));
	const lets = async (d, id, password) => {
		try {
			return await (await new Station(d, id, { password }).connect()).close(), true;
		} catch (e) {
			if (e.status !== 401) throw e;
			return false;
		}
	};

	/** A station that cuts the line in place of answering. */
	async function lost(d, id) {
		let s;
		s = await booted(d, id, { handlers: { SetVariables: onPassword(() => void s.ws.terminate()) } });
		assert.equal((await offer(d, id)).json.outcome, 'lost');
		await s.closed;
	}

	test('rule 23: Accepted: from then on only the new one works (TC_A_09)', async () => {
		const s = await booted(depotd, 'PW-1', { handlers: { SetVariables: says('Accepted') } });
		assert.equal((await offer(depotd, 'PW-1')).json.outcome, 'answered');
		await s.closed;
		assert.equal(await lets(depotd, 'PW-1', PASSWORD), false);
		assert.equal(await lets(depotd, 'PW-1', NEXT), true);
	});

	test('rule 23: Rejected, an error and a broken word: the old one stays, the new one does not work (TC_A_10)', async () => {
		for (const [id, handler] of [['PW-2', says('Rejected')], ['PW-3', onPassword((_, m) => [4, m[1], 'InternalError', '', {}])]]) {
			const s = await booted(depotd, id, { handlers: { SetVariables: handler } });
			await offer(depotd, id);
			assert.equal(await lets(depotd, id, NEXT), false, id);
			assert.equal(await lets(depotd, id, PASSWORD), true, id);
			await s.closed;
		}
		const s = await booted(depotd, 'PW-4');
		const r = await offer(depotd, 'PW-4', 'short');
		assert.ok(r.status >= 400 && r.status < 500, r.text);
		assert.match(r.json.detail, /16/);
		await s.close();
	});

	test('rule 23: the answer is lost: both work until the new one is used', async () => {
		await lost(depotd, 'PW-5');
		assert.equal(await lets(depotd, 'PW-5', 'some-other_Passw0rd-here'), false);
		assert.equal(await lets(depotd, 'PW-5', NEXT), true);
		assert.equal(await lets(depotd, 'PW-5', PASSWORD), false);
		assert.equal(await lets(depotd, 'PW-5', NEXT), true);
	});

	test('rule 23: the answer is lost: both work until the old one is used', async () => {
		await lost(depotd, 'PW-6');
		assert.equal(await lets(depotd, 'PW-6', PASSWORD), true);
		assert.equal(await lets(depotd, 'PW-6', NEXT), false);
	});

	test('rule 23: RebootRequired: the old one works until the station has used the new one', async () => {
		const s = await booted(depotd, 'PW-7', { handlers: { SetVariables: says('RebootRequired') } });
		await offer(depotd, 'PW-7');
		await s.close();
		for (const password of [PASSWORD, PASSWORD, NEXT]) assert.equal(await lets(depotd, 'PW-7', password), true);
		assert.equal(await lets(depotd, 'PW-7', PASSWORD), false);
	});

	test('rule 23: several lost ones: each may be the one, three at most; an operator settles it', async () => {
		const names = ['first', 'second', 'third', 'fourth'].map((n) => `the-${n}_Passw0rd-of-it`);
		const s = await booted(depotd, 'PW-8', { handlers: { SetVariables: onPassword(() => undefined) } });
		for (const n of names.slice(0, 3)) assert.equal((await offer(depotd, 'PW-8', n, 1)).json.outcome, 'timeout');
		assert.match((await offer(depotd, 'PW-8', names[3], 1)).json.detail, /3 new passwords/);
		assert.equal((await offer(depotd, 'PW-8', names[1], 1)).json.outcome, 'timeout', 'one of them again');
		await s.close();
		assert.equal(await lets(depotd, 'PW-8', names[1]), true);
		for (const n of [PASSWORD, names[0], names[2]]) assert.equal(await lets(depotd, 'PW-8', n), false);
		await lost(depotd, 'PW-9');
		await register(depotd, 'PW-9');
		assert.equal(await lets(depotd, 'PW-9', NEXT), false);
		assert.equal(await lets(depotd, 'PW-9', PASSWORD), true);
	});

	test('rule 23: both survive depotd being killed, and neither is in a log, journal, answer or file', async () => {
		const d = await new Depotd().start();
		try {
			await lost(d, 'PW-10');
			await lost(d, 'PW-11');
			await until('it in the wire log', async () => (await d.api('GET', '/wire?station=PW-11&action=SetVariables')).json.frames.length);
			/* stations that say it back */
			const echo = await booted(d, 'PW-12', { handlers: { SetVariables: onPassword((r) => ({ setVariableResult: [{
				...results(r.setVariableData, 'Rejected').setVariableResult[0],
				attributeStatusInfo: { reasonCode: 'BadValue', additionalInfo: `bad ${NEXT}` } }] })) } });
			assert.doesNotMatch((await offer(d, 'PW-12')).text, new RegExp(NEXT));
			const said = await d.api('POST', '/stations/PW-12/commands', { action: 'SetVariables', wait: 'end', payload: { setVariableData: [
				{ attributeValue: NEXT, component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }] } });
			assert.ok(!said.text.includes(NEXT), said.text);
			const error = await booted(d, 'PW-13', { handlers: { SetVariables: onPassword((_, m) => [4, m[1], 'InternalError', `no: ${NEXT}`, { was: NEXT }]) } });
			assert.ok(!(await offer(d, 'PW-13')).text.includes(NEXT));
			await until('their frames', async () => (await d.api('GET', '/wire?station=PW-13&text=InternalError')).json.frames.length);
			for (const t of [(await d.api('GET', '/commands')).text, (await d.api('GET', '/wire?limit=1000')).text]) assert.ok(!t.includes(NEXT));
			await echo.close();
			await error.close();
			await d.stop('SIGKILL');
			await d.start();
			assert.equal(await lets(d, 'PW-10', NEXT), true);
			assert.equal(await lets(d, 'PW-10', PASSWORD), false);
			assert.equal(await lets(d, 'PW-11', PASSWORD), true);
			assert.equal(await lets(d, 'PW-11', NEXT), false);
			const told = [d.logged(), (await d.api('GET', '/journal?limit=1000')).text, (await d.api('GET', '/wire?limit=1000')).text, (await d.api('GET', '/calls')).text];
			for (const text of told) assert.ok(!text.includes(NEXT) && !text.includes(PASSWORD));
			const offered = (await d.api('GET', '/journal?type=StationPasswordOffered')).json.events;
			assert.equal(offered.length, 5);
			for (const e of offered) assert.doesNotMatch(JSON.stringify(e), /s1\$/, 'not even as a hash');
			await d.stop();
			execFileSync(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', d.data]);
			for (const f of ['depot.db', 'wire.db']) assert.ok(!readFileSync(join(d.data, f)).includes(NEXT), f);
		} finally {
			await d.clean();
		}
	});
});

describe('the state of connectors and of the registration', () => {
	test('rule 34: StatusNotification and NotifyEvent tell the same state, and it counts once', async () => {
		const s = await booted(depotd, 'CON-1');
		const at = now();
		const alert = (actualValue, n) => s.call('NotifyEvent', { generatedAt: at, seqNo: 0, eventData: [{ eventId: n, timestamp: now(), trigger: 'Delta', actualValue,
			eventNotificationType: 'HardWiredNotification', component: { name: 'connector', evse: { id: 1, connectorId: 1 } }, variable: { name: 'AVAILABILITYSTATE' } }] });
		const shown = async () => (await depotd.api('GET', '/stations/CON-1')).json.evses[0].connectors[0].status;
		await s.call('StatusNotification', { timestamp: at, connectorStatus: 'Available', evseId: 1, connectorId: 1 });
		assert.deepEqual(await alert('Available', 1), {});
		assert.equal((await events('station/CON-1', 'ConnectorStatusChanged')).length, 1);
		await alert('Occupied', 2);
		await s.call('StatusNotification', { timestamp: now(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1 });
		assert.equal(await shown(), 'Occupied');
		assert.equal((await events('station/CON-1', 'ConnectorStatusChanged')).length, 2);
		await s.close();
	});

	const tell = (s, actualValue, component) => s.call('NotifyEvent', { generatedAt: now(), seqNo: 0, eventData: [{ eventId: ++s.number, timestamp: now(),
		trigger: 'Delta', actualValue, eventNotificationType: 'HardWiredNotification', component, variable: { name: 'AvailabilityState' } }] });

	test('rule 34: only the five states are states, in any case; other words stay events', async () => {
		const s = await booted(depotd, 'CON-2');
		const connector = { name: 'Connector', evse: { id: 1, connectorId: 1 } };
		const shown = async () => (await depotd.api('GET', '/stations/CON-2')).json.evses[0].connectors[0].status;
		await tell(s, 'occupied', connector);
		assert.equal(await shown(), 'Occupied', 'spelt as OCPP spells it');
		for (const word of ['Bogus<script>alert', '', 'Charging', 'Occupied '])
			assert.deepEqual(await tell(s, word, connector), {});
		assert.equal(await shown(), 'Occupied');
		const changes = await events('station/CON-2', 'ConnectorStatusChanged');
		assert.deepEqual(changes.map((e) => e.payload.status), ['Occupied']);
		const told = (await events('station/CON-2', 'DeviceEvents')).flatMap((e) => e.payload.events.map((d) => d.value ?? ''));
		assert.ok(told.includes('Bogus<script>alert') && told.includes('Charging'), JSON.stringify(told));
		await s.close();
	});

	test('rule 34: the state of an EVSE, and of a connector without number, is that of its connectors', async () => {
		const evse = { kind: 'ac', max_w: 22000, min_w: 1380 };
		assert.equal((await depotd.api('PUT', '/stations/CON-3', { policy: 'accepted', password: PASSWORD, node: 'site',
			evses: [{ id: 1, ...evse, connectors: 2 }, { id: 2, ...evse }] })).status, 200);
		const s = await new Station(depotd, 'CON-3').connect();
		await s.boot();
		const shown = async () => (await depotd.api('GET', '/stations/CON-3')).json.evses.map((e) => e.connectors.map((c) => c.status));
		await tell(s, 'Unavailable', { name: 'evse', evse: { id: 1 } });
		await tell(s, 'Unavailable', { name: 'Connector', evse: { id: 2 } });
		assert.deepEqual(await shown(), [['Unavailable', 'Unavailable'], ['Unavailable']]);
		await tell(s, 'Available', { name: 'EVSE', evse: { id: 1 } });
		await tell(s, 'Occupied', { name: 'Connector', evse: { id: 1, connectorId: 2 } });
		await tell(s, 'Occupied', { name: 'EVSE', evse: { id: 1 } });
		assert.deepEqual((await shown())[0], ['Available', 'Occupied'], 'the vehicle is at one of them');
		for (const component of [{ name: 'EVSE' }, { name: 'EVSE', evse: { id: 9 } }, { name: 'Connector', evse: { id: 1, connectorId: 9 } }])
			assert.deepEqual(await tell(s, 'Faulted', component), {});
		assert.deepEqual(await shown(), [['Available', 'Occupied'], ['Unavailable']]);
		await s.close();
	});

	test('rule 19: the interval is that of heartbeats when accepted, else the time until the next try', async () => {
		const d = await new Depotd({ config: 'boot: {heartbeat_s: 123, retry_s: 45}\n' }).start();
		try {
			const said = async (id) => {
				const s = await new Station(d, id).connect();
				const { status, interval } = await s.boot();
				await s.close();
				return [status, interval];
			};
			for (const [policy, answer] of [['accepted', ['Accepted', 123]], ['pending', ['Pending', 45]], ['rejected', ['Rejected', 45]]]) {
				await register(d, `INT-${policy}`, { policy });
				assert.deepEqual(await said(`INT-${policy}`), answer);
			}
			await d.api('PUT', '/stations/INT-pending', { policy: 'accepted' });
			assert.deepEqual(await said('INT-pending'), ['Accepted', 123]);
		} finally {
			await d.clean();
		}
	});

	test('B01: what a station says of its modem is journalled, shown, and known after a restart', async () => {
		const d = await new Depotd().start();
		const shown = async () => {
			const { iccid, imsi } = (await d.api('GET', '/stations/SIM-1')).json;
			return [iccid, imsi];
		};
		const boot = (s, modem) => s.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V', ...(modem && { modem }) } });
		try {
			let s = await booted(d, 'SIM-1');
			assert.deepEqual(await shown(), [undefined, undefined]);
			await boot(s, { iccid: '89310410106543789301', imsi: '204046330939210' });
			assert.deepEqual(await shown(), ['89310410106543789301', '204046330939210']);
			const e = (await d.api('GET', '/journal?stream=station/SIM-1&type=StationBooted')).json.events.find((x) => x.payload.iccid);
			assert.deepEqual([e.payload.iccid, e.payload.imsi, e.actor], ['89310410106543789301', '204046330939210', 'station:SIM-1']);
			await s.close();
			await d.stop();
			await d.start();
			assert.deepEqual(await shown(), ['89310410106543789301', '204046330939210']);
			const told = execFileSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), 'station', 'SIM-1'], { encoding: 'utf8' });
			assert.match(told, /ICCID +89310410106543789301\n *IMSI +204046330939210/);
			s = await new Station(d, 'SIM-1').connect();
			await boot(s, { iccid: '89310410106543789302' });
			assert.deepEqual(await shown(), ['89310410106543789302', undefined], 'a new card, and what it does not say');
			await boot(s);
			await s.close();
			await d.stop();
			execFileSync(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', d.data]);
			await d.start();
			assert.deepEqual(await shown(), [undefined, undefined]);
		} finally {
			await d.clean();
		}
	});

	test('rule 18: B02.FR.09: a trigger lets a pending station send what it names, once, and nothing else', async () => {
		const s = await booted(depotd, 'TRIG-1', { registration: { policy: 'pending', evses: 2 } });
		const trigger = async (requestedMessage, evse) => assert.equal((await depotd.api('POST', '/stations/TRIG-1/calls',
			{ action: 'TriggerMessage', payload: { requestedMessage, evse } })).json.outcome, 'answered');
		const status = (evseId) => ({ timestamp: now(), connectorStatus: 'Available', evseId, connectorId: 1 });
		const refused = async (action, payload) => assert.equal((await s.ask(action, payload))[2], 'SecurityError', action);
		await trigger('Heartbeat');
		await refused('TransactionEvent', {});
		await refused('StatusNotification', status(1));
		const beat = await s.ask('Heartbeat', {}, 'beat');
		assert.ok(beat[2].currentTime);
		await refused('Heartbeat', {});
		assert.deepEqual(await s.ask('Heartbeat', {}, 'beat'), beat, 'a retry is answered alike');
		await trigger('StatusNotification', { id: 1, connectorId: 1 });
		await s.call('StatusNotification', status(1));
		await refused('StatusNotification', status(2));
		await trigger('MeterValues');
		for (const evseId of [1, 2]) await s.call('MeterValues', { evseId, meterValue: [{ timestamp: now(), sampledValue: [{ value: 1 }] }] });
		await trigger('SignChargingStationCertificate');
		assert.notEqual((await s.ask('SignCertificate', { csr: 'x' }))[2], 'SecurityError');
		await refused('SignCertificate', { csr: 'x' });
		await s.close();
	});

	test('rule 18: accepted and pending survive a reconnect without a boot, and a restart of depotd', async () => {
		const d = await new Depotd().start();
		try {
			await (await booted(d, 'REG-1')).close();
			await (await booted(d, 'REG-2', { registration: { policy: 'pending' } })).close();
			for (let i = 0; i < 2; i++) {
				const a = await new Station(d, 'REG-1').connect(), p = await new Station(d, 'REG-2').connect();
				assert.ok((await a.call('Heartbeat', {})).currentTime);
				assert.equal((await p.ask('Heartbeat', {}))[2], 'SecurityError');
				await d.api('POST', '/stations/REG-2/calls', { action: 'GetBaseReport', payload: { requestId: 5, reportBase: 'FullInventory' } });
				assert.deepEqual(await p.call('NotifyReport', { requestId: 5, generatedAt: now(), seqNo: 0 }), {}, 'what was asked for may come');
				assert.equal((await p.boot()).status, 'Pending');
				await Promise.all([a.close(), p.close()]);
				if (i === 0) {
					await d.stop();
					await d.start();
				}
			}
		} finally {
			await d.clean();
		}
	});
});

describe('transactions of which nothing more is heard', () => {
	const began = Date.now() - 600e3;
	const event = (tx, eventType, seqNo, more = {}) => ({
		eventType, seqNo, timestamp: new Date(began + seqNo * 60e3).toISOString(), triggerReason: 'MeterValuePeriodic',
		transactionInfo: { transactionId: tx, ...(eventType === 'Ended' && { stoppedReason: 'Local' }) }, evse: { id: 1, connectorId: 1 }, ...more,
	});

	test('rule 32: after a reconnect the station is asked: what is queued or goes on stays open, what is over ends as lost', async () => {
		const d = await new Depotd({ config: 'limits: {doubt_s: 1}\n' }).start();
		const state = async (tx) => (await d.api('GET', `/transactions/GTS-1/${tx}`)).json.transaction;
		try {
			const a = await booted(d, 'GTS-1', { registration: { evses: 4 } });
			const started = { going: 0, queued: 0, over: 0, heard: 0 };
			for (const [i, tx] of Object.keys(started).entries())
				await a.call('TransactionEvent', event(tx, 'Started', 0, { evse: { id: i + 1, connectorId: 1 } }));
			await a.call('TransactionEvent', { ...event('middle', 'Updated', 3), evse: undefined }); // nobody knows its begin or EVSE
			await a.close();
			const answers = {
				going: { ongoingIndicator: true, messagesInQueue: false }, queued: { ongoingIndicator: false, messagesInQueue: true },
				over: { ongoingIndicator: false, messagesInQueue: false }, middle: { ongoingIndicator: false, messagesInQueue: false },
			};
			const b = await new Station(d, 'GTS-1', { handlers: { GetTransactionStatus: ({ transactionId }) => answers[transactionId] } }).connect();
			await b.call('TransactionEvent', { ...event('heard', 'Updated', 1), timestamp: new Date(Date.now() + 1000).toISOString(), evse: undefined });
			await until('the lost ones to end', async () => (await state('over')).state === 'ended' && (await state('middle')).state === 'ended');
			await until('all questions', () => b.calls.filter((m) => m[2] === 'GetTransactionStatus').length === 4);
			assert.deepEqual(b.calls.filter((m) => m[2] === 'GetTransactionStatus').map((m) => m[3].transactionId).sort(), ['going', 'middle', 'over', 'queued']);
			const over = await state('over');
			assert.deepEqual([over.stopped_reason, over.complete], ['MessageLost', false]);
			const live = (await d.api('GET', '/stations/GTS-1')).json.evses.map((e) => e.transaction);
			assert.deepEqual(live, ['going', 'queued', undefined, 'heard']);
			for (const tx of ['going', 'queued', 'heard']) assert.equal((await state(tx)).state, 'open', tx);
			// the queued end comes, and even one that was given up
			for (const tx of ['queued', 'over']) await b.call('TransactionEvent', event(tx, 'Ended', 1, { offline: true, evse: undefined }));
			for (const tx of ['queued', 'over']) {
				const t = await state(tx);
				assert.deepEqual([t.state, t.complete, t.stopped_reason, Date.parse(t.ended_at)], ['ended', true, 'Local', began + 60e3], tx);
			}
			await b.close();
			await d.stop();
			execFileSync(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', d.data]);
		} finally {
			await d.clean();
		}
	});

	test('rule 32, E14: the same answer to an operator ends it too, and any answer is said in words', async () => {
		const answers = {
			plugged: { ongoingIndicator: false, messagesInQueue: false }, bare: { ongoingIndicator: false, messagesInQueue: false },
			going: { ongoingIndicator: true, messagesInQueue: true }, queued: { ongoingIndicator: false, messagesInQueue: true },
			done: { ongoingIndicator: false, messagesInQueue: false }, undefined: { messagesInQueue: true },
		};
		const s = await booted(depotd, 'GTS-3', { registration: { evses: 4 },
			handlers: { GetTransactionStatus: ({ transactionId }) => answers[transactionId] } });
		for (const [i, tx] of ['plugged', 'going', 'queued', 'done'].entries())
			await s.call('TransactionEvent', event(tx, 'Started', 0, { evse: { id: i + 1, connectorId: 1 } }));
		await s.call('TransactionEvent', { ...event('bare', 'Updated', 3), evse: undefined });
		await s.call('TransactionEvent', event('done', 'Ended', 1, { evse: undefined }));
		const asked = async (transactionId) => {
			const r = await depotd.api('POST', '/stations/GTS-3/commands', { action: 'GetTransactionStatus', payload: { transactionId } });
			assert.equal(r.json.state, 'done', r.text);
			return r.json.note;
		};
		const state = async (tx) => {
			const t = (await depotd.api('GET', `/transactions/GTS-3/${tx}`)).json.transaction;
			return [t.state, t.stopped_reason];
		};
		assert.match(await asked('plugged'), /nothing more of it will come.*ended as lost/);
		assert.deepEqual(await state('plugged'), ['ended', 'MessageLost']);
		const [e] = (await depotd.api('GET', '/stations/GTS-3')).json.evses;
		assert.deepEqual([e.transaction, e.state === 'plugged'], [undefined, false]);
		await asked('bare');
		await until('one that no EVSE shows to end', async () => (await state('bare'))[0] === 'ended');
		assert.match(await asked('going'), /^it goes on; .*queued/);
		assert.match(await asked('queued'), /still to come/);
		await asked('done');
		assert.match(await asked(), /messages about transactions are queued/);
		for (const tx of ['going', 'queued']) assert.equal((await state(tx))[0], 'open', tx);
		assert.deepEqual(await state('done'), ['ended', 'Local']);
		const lost = (await depotd.api('GET', '/journal?limit=500')).json.events.filter((x) => x.type === 'TransactionLost' && /GTS-3/.test(x.stream));
		assert.deepEqual(lost.map((x) => x.payload.transaction_id).sort(), ['bare', 'plugged']);
		await s.close();
	});

	test('rule 32: a station that does not know the question loses no transaction', async () => {
		const d = await new Depotd({ config: 'limits: {doubt_s: 1}\n' }).start();
		try {
			const a = await booted(d, 'GTS-2');
			for (const tx of ['one', 'two']) await a.call('TransactionEvent', event(tx, 'Started', 0));
			await a.close();
			const b = await new Station(d, 'GTS-2', { handlers: { GetTransactionStatus: (_, m) => [4, m[1], 'NotImplemented', '', {}] } }).connect();
			await until('both questions', () => b.calls.filter((m) => m[2] === 'GetTransactionStatus').length === 2);
			await b.call('Heartbeat', {});
			for (const tx of ['one', 'two']) assert.equal((await d.api('GET', `/transactions/GTS-2/${tx}`)).json.transaction.state, 'open');
			await b.close();
		} finally {
			await d.clean();
		}
	});
});

describe('rule 20: what a station takes in one message', () => {
	const X = (n) => ({ component: { name: 'X' }, variable: { name: `V${n}` } });
	const monitor = (n) => ({ ...X(n), value: n, type: 'UpperThreshold', severity: 5 });
	const answered = (list, fn) => (p) => ({ [list]: fn(p) });
	/** By action: who announces its limit and under which name, its list, an item, what names the item, and the station's answer. */
	const LISTS = {
		GetVariables: ['DeviceDataCtrlr', 'GetVariables', 'getVariableData', X, (d) => d.variable.name,
			answered('getVariableResult', (p) => p.getVariableData.map((d) => ({ ...d, attributeStatus: 'Accepted', attributeValue: 'x' })))],
		SetVariables: ['DeviceDataCtrlr', 'SetVariables', 'setVariableData', (n) => ({ ...X(n), attributeValue: '1' }), (d) => d.variable.name,
			answered('setVariableResult', (p) => p.setVariableData.map(({ component, variable }) => ({ component, variable, attributeStatus: 'Accepted' })))],
		GetReport: ['DeviceDataCtrlr', 'GetReport', 'componentVariable', X, (d) => d.variable.name, () => ({ status: 'EmptyResultSet' })],
		GetMonitoringReport: ['DeviceDataCtrlr', 'GetReport', 'componentVariable', X, (d) => d.variable.name, () => ({ status: 'EmptyResultSet' })],
		SetVariableMonitoring: ['MonitoringCtrlr', 'SetVariableMonitoring', 'setMonitoringData', monitor, (d) => d.variable.name,
			answered('setMonitoringResult', (p) => p.setMonitoringData.map(({ value, ...d }) => ({ ...d, id: value, status: 'Accepted' })))],
		ClearVariableMonitoring: ['MonitoringCtrlr', 'ClearVariableMonitoring', 'id', (n) => n, (n) => `V${n}`,
			answered('clearMonitoringResult', (p) => p.id.map((id) => ({ id, status: 'Accepted' })))],
	};

	for (const [limit, value] of [['ItemsPerMessage', 2], ['BytesPerMessage', 400]])
		test(`rule 20: ${limit} of ${value} is kept in every list, nothing is left out, and it is one command`, async () => {
			const id = `LIST-${limit}`, raw = [];
			const s = await booted(depotd, id, { handlers: { GetBaseReport: () => ({ status: 'EmptyResultSet' }),
				...Object.fromEntries(Object.entries(LISTS).map(([action, row]) => [action, row[5]])) } });
			const said = s.handlers.GetVariables;
			s.handlers.GetVariables = (p) => ({ getVariableResult: p.getVariableData.map((d) => ({ ...d, attributeStatus: 'Accepted', attributeValue: String(value) })) });
			for (const [component, instance] of Object.values(LISTS)) {
				const r = await depotd.api('POST', `/stations/${id}/commands`, { action: 'GetVariables',
					payload: { getVariableData: [{ component: { name: component }, variable: { name: limit, instance } }] } });
				assert.equal(r.json.state, 'done', r.text);
			}
			s.handlers.GetVariables = said;
			s.ws.on('message', (data) => raw.push(String(data)));
			for (const [action, [, , list, item, name]] of Object.entries(LISTS)) {
				raw.length = 0;
				const items = Array.from({ length: 40 }, (_, n) => item(1e9 + n));
				const r = await depotd.api('POST', `/stations/${id}/commands`, { action, payload: { [list]: items }, wait: 'end' });
				assert.equal(r.json.state, 'done', r.text);
				const sent = raw.filter((t) => JSON.parse(t)[2] === action);
				const parts = sent.map((t) => JSON.parse(t)[3]);
				assert.ok(parts.length > 1, action);
				for (const [i, p] of parts.entries()) {
					if (limit === 'ItemsPerMessage') assert.ok(p[list].length <= value, `${action}: ${p[list].length}`);
					else assert.ok(Buffer.byteLength(sent[i]) <= value, `${action}: ${Buffer.byteLength(sent[i])} bytes`);
				}
				assert.deepEqual(parts.flatMap((p) => p[list]).map(name), items.map(name), action);
				if (parts[0].requestId !== undefined)
					assert.equal(new Set(parts.map((p) => p.requestId)).size, parts.length, 'reports are told apart');
				const results = Object.values(r.json.response).find(Array.isArray);
				if (results) assert.equal(results.length, items.length, `${action}: one answer`);
			}
			await s.close();
		});
});

describe('rule 25: reset', () => {
	const reset = async (d, id, type) => {
		const r = await d.api('POST', `/stations/${id}/commands`, { action: 'Reset', payload: { type } });
		assert.ok(r.status < 300, r.text);
		return r.json;
	};
	const state = async (d, k) => (await d.api('GET', `/commands/${k.id}`)).json;
	const runs = async (d, k, what) => assert.equal((await state(d, k)).state, 'running', what);
	const ends = (d, k) => until('the end of the reset', async () => {
		const now = await state(d, k);
		return now.state !== 'running' && now;
	});
	const says = (status) => ({ handlers: { Reset: () => ({ status }) } });
	const event = (s, eventType, seqNo, more = {}) => s.call('TransactionEvent', {
		eventType, seqNo, timestamp: now(), triggerReason: eventType === 'Ended' ? 'ResetCommand' : 'ChargingStateChanged',
		transactionInfo: { transactionId: `tx-${s.id}`, ...more }, evse: { id: 1, connectorId: 1 },
	});
	const again = async (d, s, options = {}) => {
		await s.close();
		return new Station(d, s.id, options).connect();
	};

	test('rule 25: Rejected is a normal answer: refused, nothing is waited for, the next boot is not taken for it', async () => {
		const s = await booted(depotd, 'RST-NO', says('Rejected'));
		const k = await reset(depotd, 'RST-NO', 'Immediate');
		assert.deepEqual([k.state, k.status], ['refused', 'Rejected']);
		await s.boot('PowerUp');
		assert.equal((await state(depotd, k)).state, 'refused');
		await s.close();
	});

	test('rule 25: Accepted is not the end, nor are an end of a transaction, a new connection, or the boot of another', async () => {
		let s = await booted(depotd, 'RST-YES', says('Accepted'));
		const other = await booted(depotd, 'RST-OTHER');
		await event(s, 'Started', 0, { chargingState: 'Charging' });
		const k = await reset(depotd, 'RST-YES', 'Immediate');
		assert.deepEqual([k.state, k.status], ['running', 'Accepted']);
		await event(s, 'Ended', 1, { chargingState: 'EVConnected', stoppedReason: 'ImmediateReset' });
		await runs(depotd, k, 'the transaction ended');
		await other.boot('RemoteReset');
		await runs(depotd, k, 'another booted');
		s = await again(depotd, s);
		await s.call('StatusNotification', { timestamp: now(), connectorStatus: 'Available', evseId: 1, connectorId: 1 });
		await runs(depotd, k, 'it is connected again');
		await s.boot('RemoteReset');
		const end = await ends(depotd, k);
		assert.deepEqual([end.state, end.status], ['done', 'RemoteReset']);
		assert.equal((await depotd.api('GET', '/transactions/RST-YES/tx-RST-YES')).json.transaction.stopped_reason, 'ImmediateReset');
		await Promise.all([s.close(), other.close()]);
	});

	test('rule 25: OnIdle while a vehicle charges is Scheduled: it waits for the boot, over a restart of depotd too', async () => {
		const d = await new Depotd().start();
		try {
			let s = await booted(d, 'RST-IDLE', says('Scheduled'));
			await event(s, 'Started', 0, { chargingState: 'Charging' });
			const k = await reset(d, 'RST-IDLE', 'OnIdle');
			assert.deepEqual([k.state, k.status], ['running', 'Scheduled']);
			await event(s, 'Updated', 1, { chargingState: 'SuspendedEV' });
			await runs(d, k, 'it goes on');
			assert.equal((await d.api('GET', '/stations/RST-IDLE')).json.evses[0].transaction, 'tx-RST-IDLE', 'nobody ends the transaction');
			await s.close();
			await d.stop();
			await d.start();
			s = await new Station(d, 'RST-IDLE').connect();
			await runs(d, k, 'after a restart');
			await event(s, 'Ended', 2, { chargingState: 'Idle', stoppedReason: 'EVDisconnected' });
			await runs(d, k, 'only now it may');
			s = await again(d, s);
			await s.boot('ScheduledReset');
			const end = await ends(d, k);
			assert.deepEqual([end.state, end.status], ['done', 'ScheduledReset']);
			await s.close();
		} finally {
			await d.clean();
		}
	});
});

describe('charging profiles', () => {
	let d;
	before(async () => {
		d = await new Depotd({ config: 'control: {reconcile_s: 0}\n',
			depot: 'depot: p\nname: P\ntimezone: Europe/Amsterdam\nnodes:\n  - {id: site, kind: site, limit_w: 500000}\n' }).start();
	});
	after(() => d.clean());
	const MANUAL = { registration: { control: 'manual', evses: 2 } };
	const at = (s) => new Date(Math.floor(Date.now() / 1000 + s) * 1000).toISOString();
	const profile = (id, more = {}) => ({
		id, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute', ...more,
		chargingSchedule: [{ id, startSchedule: at(-60), chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 1000 + id }] }],
	});
	const ask = (id, action, payload) => d.api('POST', `/stations/${id}/commands`, { action, payload });
	const look = async (k) => (await d.api('GET', `/commands/${k.id}`)).json;
	const believed = async (id) => (await d.api('GET', `/stations/${id}/profiles`)).json.profiles
		.map((p) => `${p.id}@${p.evse} ${p.source}`).sort();
	const onWire = (s, action) => s.calls.filter((m) => m[2] === action).length;

	test('rule 46: profiles are asked for by number or by criteria, and come in parts until the last of the same request', async () => {
		const s = await booted(d, 'GCP-1', { ...MANUAL, handlers: { GetChargingProfiles: () => ({ status: 'Accepted' }) } });
		const part = (requestId, tbc, evseId, chargingProfile, chargingLimitSource = 'CSO') =>
			s.call('ReportChargingProfiles', { requestId, tbc, evseId, chargingLimitSource, chargingProfile });
		for (const chargingProfile of [{}, { chargingProfileId: [1], stackLevel: 0 }, { chargingProfileId: [1], chargingLimitSource: ['CSO'] },
			{ chargingProfileId: [1], chargingProfilePurpose: 'TxProfile' }]) {
			const r = await ask('GCP-1', 'GetChargingProfiles', { chargingProfile });
			assert.ok(r.status >= 400 && r.status < 500, r.text);
			assert.match(r.text, /K09\.FR\.03/);
			const raw = await d.api('POST', '/stations/GCP-1/calls', { action: 'GetChargingProfiles', payload: { requestId: 9, chargingProfile } });
			assert.ok(raw.status >= 400 && raw.status < 500, `nor as a raw call: ${raw.text}`);
		}
		assert.equal(onWire(s, 'GetChargingProfiles'), 0, 'nothing was sent');
		const one = (await ask('GCP-1', 'GetChargingProfiles', { chargingProfile: { chargingProfileId: [2, 3] } })).json;
		const two = (await ask('GCP-1', 'GetChargingProfiles', { evseId: 1, chargingProfile: { chargingLimitSource: ['EMS'], stackLevel: 0 } })).json;
		assert.deepEqual([one.state, two.state], ['running', 'running']);
		assert.notEqual(one.request_id, two.request_id);
		const states = async () => [(await look(one)).state, (await look(two)).state];
		await part(one.request_id, true, 1, [profile(2)]);
		await part(two.request_id, true, 1, [profile(-7, { chargingProfilePurpose: 'ChargingStationExternalConstraints' })], 'EMS');
		await part(12345, false, 2, [profile(8)]); // nobody asked
		assert.deepEqual(await states(), ['running', 'running'], 'parts that go on, and the last of a stranger');
		await part(two.request_id, false, 1, [profile(-8, { chargingProfilePurpose: 'ChargingStationExternalConstraints', stackLevel: 1 })], 'EMS');
		assert.deepEqual(await states(), ['running', 'done']);
		await part(one.request_id, false, 2, [profile(3)]);
		assert.deepEqual(await states(), ['done', 'done']);
		assert.deepEqual(await believed('GCP-1'), ['-7@1 EMS', '-8@1 EMS', '2@1 CSO', '3@2 CSO', '8@2 CSO']);
		s.handlers.GetChargingProfiles = () => ({ status: 'NoProfiles' });
		const none = (await ask('GCP-1', 'GetChargingProfiles', { chargingProfile: { stackLevel: 9 } })).json;
		assert.deepEqual([none.state, none.status], ['done', 'NoProfiles'], 'none is an answer');
		await s.close();
	});

	test('rule 46: profiles are cleared by number or by criteria that all fit; limits of others stay', async () => {
		let answer = 'Accepted';
		const held = [[0, profile(1)], [1, profile(2, { stackLevel: 1 })], [2, profile(3, { stackLevel: 1 })], [2, profile(4, { stackLevel: 2 })],
			[0, profile(5, { chargingProfilePurpose: 'ChargingStationMaxProfile' })],
			[2, profile(-9, { chargingProfilePurpose: 'ChargingStationExternalConstraints', stackLevel: 1 })]];
		const s = await booted(d, 'CCP-1', { ...MANUAL, handlers: {
			GetChargingProfiles: ({ requestId }) => {
				setImmediate(() => held.forEach(([evseId, p], i) => s.ask('ReportChargingProfiles', {
					requestId, evseId, tbc: i + 1 < held.length, chargingLimitSource: p.id < 0 ? 'SO' : 'CSO', chargingProfile: [p] })));
				return { status: 'Accepted' };
			},
			ClearChargingProfile: () => ({ status: answer }),
		} });
		const left = async (...ids) => assert.deepEqual((await believed('CCP-1')).map((t) => parseInt(t, 10)).sort((a, b) => a - b), ids);
		await ask('CCP-1', 'GetChargingProfiles', { chargingProfile: { chargingLimitSource: ['CSO', 'SO'] } });
		await until('all of them', async () => (await believed('CCP-1')).length === held.length);
		for (const [payload, clause] of [[{}, 'K10.FR.02'], [{ chargingProfileCriteria: {} }, 'K10.FR.02'],
			[{ chargingProfileId: 1, chargingProfileCriteria: { evseId: 1 } }, 'K10.FR.02'],
			[{ chargingProfileCriteria: { chargingProfilePurpose: 'ChargingStationExternalConstraints' } }, 'K10.FR.06']]) {
			const r = await ask('CCP-1', 'ClearChargingProfile', payload);
			assert.ok(r.status >= 400 && r.status < 500, r.text);
			assert.ok(r.text.includes(clause), r.text);
		}
		assert.equal(onWire(s, 'ClearChargingProfile'), 0, 'nothing was sent');
		const clear = async (payload, state = 'done') =>
			assert.equal((await ask('CCP-1', 'ClearChargingProfile', payload)).json.state, state);
		await clear({ chargingProfileCriteria: { evseId: 2, stackLevel: 1, chargingProfilePurpose: 'TxDefaultProfile' } });
		await left(-9, 1, 2, 4, 5);
		await clear({ chargingProfileId: 4 });
		await left(-9, 1, 2, 5);
		s.handlers.ClearChargingProfile = (_, m) => [4, m[1], 'InternalError', '', {}];
		await clear({ chargingProfileId: 2 }, 'refused');
		await left(-9, 1, 2, 5);
		s.handlers.ClearChargingProfile = () => ({ status: answer });
		answer = 'Unknown'; // K10.FR.01: it has none like that, so neither do we
		await clear({ chargingProfileCriteria: { chargingProfilePurpose: 'ChargingStationMaxProfile' } }, 'refused');
		await left(-9, 1, 2);
		answer = 'Accepted';
		await clear({ chargingProfileCriteria: { evseId: 0 } });
		await clear({ chargingProfileCriteria: { stackLevel: 1 } });
		await left(-9); // K10.FR.04: what others limit is not ours to clear
		await s.close();
	});
});

describe('the live view of a transaction', () => {
	test('rules 27, 28, 29: the same stored transaction and live view, in whatever order the events come, twice', async () => {
		const states = ['EVConnected', 'Charging', 'SuspendedEV', 'Charging', 'SuspendedEVSE', 'Charging'];
		const orders = [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [5, 0, 1, 2, 3, 4], [0, 5, 4, 3, 2, 1], [1, 0, 3, 2, 5, 4],
			[0, 2, 1, 4, 3, 5], [3, 4, 5, 0, 1, 2], [2, 5, 1, 4, 0, 3], [0, 5, 1, 4, 2, 3], [4, 2, 0, 5, 3, 1]];
		const seen = [];
		for (const [i, order] of orders.entries()) {
			const s = await booted(depotd, `PERM-${i}`); // its own: no transaction before it
			const begin = Date.now() - 6000;
			const event = (n) => {
				const timestamp = new Date(begin + n * 1000).toISOString();
				return {
					eventType: n === 0 ? 'Started' : n === 6 ? 'Ended' : 'Updated', seqNo: n, timestamp, triggerReason: 'MeterValuePeriodic',
					transactionInfo: { transactionId: `live-${i}`, ...(n === 6 ? { stoppedReason: 'Local' } : { chargingState: states[n] }) },
					evse: { id: 1, connectorId: 1 },
					meterValue: [{ timestamp, sampledValue: [{ value: 1000 + n * 100 }, { value: n * 1000, measurand: 'Power.Active.Import' }] }],
				};
			};
			for (const n of order) await s.call('TransactionEvent', event(n));
			for (const n of order) await s.call('TransactionEvent', event(n));
			const view = async () => (await depotd.api('GET', `/stations/PERM-${i}`)).json.evses[0];
			const open = await view();
			assert.equal(open.transaction, `live-${i}`, `order ${order}`);
			await s.call('TransactionEvent', event(6));
			const t = (await depotd.api('GET', `/transactions/PERM-${i}/live-${i}`)).json.transaction;
			const after = await view();
			assert.equal(after.transaction, undefined, `order ${order}`);
			seen.push([open.state, open.power_w, after.state, t.state, t.complete, t.events, t.energy_wh, t.evse, t.stopped_reason,
				Date.parse(t.started_at) - begin, Date.parse(t.ended_at) - begin]);
			assert.deepEqual(seen[i], seen[0], `order ${order}`);
			await s.close();
		}
		assert.deepEqual([seen[0][0], seen[0][1], ...seen[0].slice(3)],
			['charging', 5000, 'ended', true, 7, 600, 1, 'Local', 0, 6000]);
	});
});
