// Stations that break every rule, by mistake or on purpose: each gets a clear CALLERROR or a closed
// socket, nobody else notices, and depotd lives. The rules are those of OCPP-J (P4 = part 4) and
// RFC 6455; see docs/.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { assertCalm, beat } from './beat.mjs';
import { BUILD, Depotd, sleep, until } from './harness.mjs';
import { PASSWORD, Station, Tcp, basic, booted, frame, rawStation, register, upgradeHead } from './peer.mjs';
import { claims } from './matrix.mjs';

const ours = claims('tests/e2e/hostile.test.mjs');

const depot = `
depot: hostile
name: Hostile test
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: 900000}
vehicles:
  - {id: VAN-1, token: AABBCCDD, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000, min_w: 1380, need_wh: 20000, departs: "06:00"}
`;
const now = () => new Date().toISOString();

let depotd;

before(async () => {
	depotd = await new Depotd({ depot }).start();
});

after(async () => {
	await depotd?.clean();
});

const events = async (stream, type) => {
	const r = await depotd.api('GET', `/journal?stream=${encodeURIComponent(stream)}&limit=1000`);
	assert.equal(r.status, 200, r.text);
	return r.json.events.filter((e) => !type || e.type === type);
};
const transaction = async (station, id) => (await depotd.api('GET', `/transactions/${station}/${id}`)).json;

describe('P4 4.2: frames', () => {
	let cp;
	const status = (more) => ({ timestamp: now(), connectorStatus: 'Available', evseId: 1, connectorId: 1, ...more });
	const boot = (more) => ({ reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V' }, ...more });
	const report = (reportData) => ({ requestId: 1, generatedAt: now(), seqNo: 0, reportData });
	const call = (id, action, payload) => JSON.stringify([2, id, action, payload]);

	before(async () => {
		cp = await booted(depotd, 'FRAME-1');
	});
	after(() => cp?.close());

	// text, id of the answer, code, path (undefined: none)
	const table = [
		['not JSON', 'hello', '-1', 'RpcFrameworkError'],
		['an empty text', '', '-1', 'RpcFrameworkError'],
		['an object', '{"a":1}', '-1', 'RpcFrameworkError'],
		['an empty array', '[]', '-1', 'RpcFrameworkError'],
		['a type alone', '[2]', '-1', 'RpcFrameworkError'],
		['no action', '[2,"a1"]', 'a1', 'RpcFrameworkError'],
		['no payload', '[2,"a2","Heartbeat"]', 'a2', 'RpcFrameworkError'],
		['a fifth element', '[2,"a3","Heartbeat",{},{}]', 'a3', 'RpcFrameworkError'],
		['text behind the array', '[2,"a4","Heartbeat",{}] x', 'a4', 'RpcFrameworkError'],
		['an array that does not end', '[2,"a5","Heartbeat",{}', 'a5', 'RpcFrameworkError'],
		['a type in quotes', '["2","a6","Heartbeat",{}]', 'a6', 'RpcFrameworkError'],
		['an id of 37 characters', `[2,"${'x'.repeat(37)}","Heartbeat",{}]`, '-1', 'RpcFrameworkError'],
		['an empty id', '[2,"","Heartbeat",{}]', '-1', 'RpcFrameworkError'],
		['an id that is null', '[2,null,"Heartbeat",{}]', '-1', 'RpcFrameworkError'],
		['an id that is an array', '[2,["a"],"Heartbeat",{}]', '-1', 'RpcFrameworkError'],
		['an action that is a number', '[2,"a7",7,{}]', 'a7', 'RpcFrameworkError'],
		['a NUL character in the text', '[2,"a8","Heartbeat",{}\0]', 'a8', 'RpcFrameworkError'],
		['message type 1', '[1,"b1","Heartbeat",{}]', 'b1', 'MessageTypeNotSupported'],
		['message type 5 (2.1)', '[5,"b2","GenericError","",{}]', 'b2', 'MessageTypeNotSupported'],
		['message type 6 (2.1)', '[6,"b3","NotifyPeriodicEventStream",{}]', 'b3', 'MessageTypeNotSupported'],
		['message type -2', '[-2,"b4","Heartbeat",{}]', 'b4', 'MessageTypeNotSupported'],
		['a huge message type', '[22222222222222222222222,"b5","Heartbeat",{}]', 'b5', 'MessageTypeNotSupported'],
		['a payload that is an array', '[2,"c1","Heartbeat",[]]', 'c1', 'ProtocolError'],
		['a payload that is a string', '[2,"c2","Heartbeat","{}"]', 'c2', 'ProtocolError'],
		['a payload with a bare word', '[2,"d1","Heartbeat",{"a":undefined}]', 'd1', 'FormatViolation'],
		['a payload with a trailing comma', '[2,"d2","Heartbeat",{"a":1,}]', 'd2', 'FormatViolation'],
		['NaN', '[2,"d3","Heartbeat",{"a":NaN}]', 'd3', 'FormatViolation'],
		['a lone surrogate', '[2,"d4","DataTransfer",{"vendorId":"\\ud800"}]', 'd4', 'FormatViolation', ''],
		['an unknown property', call('d5', 'Heartbeat', { extra: 1 }), 'd5', 'FormatViolation', 'extra'],
		['an unknown property below', call('d6', 'BootNotification', boot({ chargingStation: { model: 'M', vendorName: 'V', x: 1 } })),
			'd6', 'FormatViolation', 'chargingStation.x'],
		['a key twice', '[2,"d7","DataTransfer",{"vendorId":"a","vendorId":"b"}]', 'd7', 'FormatViolation', 'vendorId'],
		['a string for a number', call('e1', 'StatusNotification', status({ evseId: '1' })), 'e1', 'TypeConstraintViolation', 'evseId'],
		['null for an object', call('e3', 'BootNotification', boot({ chargingStation: null })), 'e3', 'TypeConstraintViolation', 'chargingStation'],
		['an object for a list', call('e4', 'NotifyReport', report({})), 'e4', 'TypeConstraintViolation', 'reportData'],
		['a value outside its enum', call('f1', 'StatusNotification', status({ connectorStatus: 'Melted' })),
			'f1', 'PropertyConstraintViolation', 'connectorStatus'],
		['a date that is none', call('f2', 'StatusNotification', status({ timestamp: 'yesterday' })),
			'f2', 'PropertyConstraintViolation', 'timestamp'],
		['February 30th', call('f3', 'StatusNotification', status({ timestamp: '2026-02-30T00:00:00Z' })),
			'f3', 'PropertyConstraintViolation', 'timestamp'],
		['a text that is too long', call('f4', 'BootNotification', boot({ chargingStation: { model: 'M'.repeat(21), vendorName: 'V' } })),
			'f4', 'PropertyConstraintViolation', 'chargingStation.model'],
		['an integer beyond 32 bits', call('f5', 'StatusNotification', status({ evseId: 4294967297 })),
			'f5', 'PropertyConstraintViolation', 'evseId'],
		['a missing property', call('g1', 'BootNotification', { reason: 'PowerUp' }), 'g1', 'OccurrenceConstraintViolation', 'chargingStation'],
		['a missing property below', call('g2', 'BootNotification', boot({ chargingStation: { model: 'M' } })),
			'g2', 'OccurrenceConstraintViolation', 'chargingStation.vendorName'],
		['an empty list', call('g3', 'NotifyReport', report([])), 'g3', 'OccurrenceConstraintViolation', 'reportData'],
		['a missing value in a list', call('g4', 'NotifyReport', report([{ component: {} }])),
			'g4', 'OccurrenceConstraintViolation', 'reportData[0].component.name'],
		['an action that does not exist', call('h1', 'HeartBeat', {}), 'h1', 'NotImplemented'],
		['an action with a NUL', '[2,"h2","Heartbeat\\u0000",{}]', 'h2', 'NotImplemented'],
		['an action of 5,000 characters', call('h3', 'A'.repeat(5000), {}), 'h3', 'NotImplemented'],
		['an action of OCPP 1.6', call('h4', 'StartTransaction', {}), 'h4', 'NotImplemented'],
		['an action of the CSMS', call('i1', 'Reset', { type: 'Immediate' }), 'i1', 'NotSupported'],
		['another action of the CSMS', call('i2', 'SetChargingProfile', {}), 'i2', 'NotSupported'],
	];

	for (const [name, text, id, code, path] of table)
		test(`rules 14, 15: ${name} gets ${code}${path ? ` at ${path}` : ''}`, async () => {
			if (cp.ws.readyState !== 1) cp = await new Station(depotd, 'FRAME-1').connect();
			const m = await cp.say(text);
			assert.equal(m.length, 5);
			assert.equal(m[0], 4);
			assert.equal(m[1], id);
			assert.equal(m[2], code, JSON.stringify(m));
			assert.ok(typeof m[3] === 'string' && m[3].length <= 255);
			assert.equal(m[4].path, path);
			assert.equal(Object.prototype.toString.call(m[4]), '[object Object]');
		});

	test('rule 14: a broken message is not embedded in the answer', async () => {
		const m = await cp.say('[2,"j1","Heartbeat",{"SECRETWORD":]');
		assert.doesNotMatch(JSON.stringify(m), /SECRETWORD/);
	});

	test('rule 14: a CALLRESULT or CALLERROR is never answered, however broken', async () => {
		const s = await booted(depotd, 'FRAME-2');
		for (const text of ['[3,"nobody","asked"]', '[3,"nobody",{}]', '[3]', '[3,5]', '[3,"x",', '[3,"x",{},{},{}]',
			'[4,"nobody","GenericError","",{}]', '[4]', '[4,"x"]', '[4,"x","NoSuchCode","",{},{}]', '[4,"x",5,6,7]',
			`[4,"x","GenericError","${'d'.repeat(9000)}",{}]`])
			assert.deepEqual(await s.sayInVain(text), [], text);
		await s.close();
	});

	test('rule 14: white space, a number as id and a null payload are understood', async () => {
		const s = await booted(depotd, 'FRAME-3');
		assert.equal((await s.say(' [ 2 , "w1" , "Heartbeat" , { } ] \r\n'))[0], 3);
		assert.deepEqual((await s.say('[2,17,"Heartbeat",{}]')).slice(0, 2), [3, 17]);
		assert.equal((await s.say('[2,"w2","Heartbeat",null]'))[0], 3);
		await s.close();
	});

	test('rule 16: customData of any vendor is accepted, without a vendorId it is not', async () => {
		const s = await booted(depotd, 'FRAME-4');
		assert.equal((await s.ask('Heartbeat', { customData: { vendorId: 'x', deep: { any: [1, null] } } }))[0], 3);
		const m = await s.ask('Heartbeat', { customData: { any: 1 } });
		assert.deepEqual([m[0], m[2], m[4].path], [4, 'OccurrenceConstraintViolation', 'customData.vendorId']);
		await s.close();
	});

	test('a depth bomb is refused at the cap, in payload and frame alike', async () => {
		const s = await booted(depotd, 'FRAME-5');
		const deep = (n) => `{"customData":{"vendorId":"v","x":${'['.repeat(n)}${']'.repeat(n)}}}`;
		assert.equal((await s.say(`[2,"k0","Heartbeat",${deep(10)}]`))[0], 3);
		for (const n of [17, 1000, 100000]) assert.equal((await s.say(`[2,"k${n}","Heartbeat",${deep(n)}]`))[0], 4, `${n}`);
		assert.equal((await s.say('['.repeat(200000)))[0], 4);
		assert.equal((await s.say(`[2,"k4","DataTransfer",{"vendorId":"v","data":${'['.repeat(100000)}`))[0], 4);
		await s.call('Heartbeat', {});
		await s.close();
	});

	test('numbers of any size are read, left out or refused, never believed', async () => {
		const s = await booted(depotd, 'FRAME-6');
		const value = async (text) => s.say(`[2,"n${s.number++}","MeterValues",{"evseId":1,"meterValue":[{"timestamp":"${now()}",` +
			`"sampledValue":[{"measurand":"Power.Active.Import","value":${text}}]}]}]`);
		for (const ok of ['1e300', '-1e300', '0.000000000000000000001', '-0', '1e-400', '999999999999999999999999'])
			assert.equal((await value(ok))[0], 3, ok);
		for (const beyond of ['1e400', '-1e999999999', `1${'0'.repeat(5000)}`])
			assert.equal((await value(beyond))[0], 3, beyond);
		for (const bad of ['01', '+1', '.5', '1.', '0x10'])
			assert.equal((await value(bad))[0], 4, bad);
		const e = (await depotd.api('GET', '/stations/FRAME-6')).json.evses[0];
		assert.ok(!(Math.abs(e.power_w ?? 0) > 1e6), `power_w is ${e.power_w}`);
		await s.close();
	});

	test('fifty broken messages end the connection (1008); the station may come back', async () => {
		const s = await booted(depotd, 'FRAME-7');
		for (let i = 0; i < 60; i++) s.text('rubbish');
		assert.equal((await s.closed).code, 1008);
		const again = await new Station(depotd, 'FRAME-7').connect();
		await again.call('Heartbeat', {});
		await again.close();
	});
});

describe('RFC 6455: bytes below the messages', () => {
	let id;
	before(async () => {
		id = await register(depotd, 'WS-1');
	});

	/* The newest end of a connection in the journal has that code, and is another than before. */
	let seen = 0;
	const told = (code) => until(`the line of ${code}`, async () => {
		const [e] = (await depotd.api('GET', '/journal?stream=station/WS-1&type=StationDisconnected&order=newest&limit=1')).json.events;
		if (!e || e.seq <= seen || e.payload.code !== code) return false;
		return (seen = e.seq);
	});

	// what is sent, close code
	const long = Buffer.alloc(300 * 1024, 'x');
	const table = [
		['a binary frame', frame(2, '[2,"a","Heartbeat",{}]'), 1003],
		['a text that is not UTF-8', frame(1, Buffer.from([0x5b, 0x32, 0x2c, 0xc0, 0xaf, 0x5d])), 1007],
		['a text that ends within a character', frame(1, Buffer.from([0x22, 0xe2, 0x82])), 1007],
		['a surrogate in UTF-8', frame(1, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), 1007],
		['a message of 300 kB', frame(1, long), 1009],
		['a message of 300 kB in fragments', Buffer.concat([frame(1, long.subarray(0, 150000), { fin: false }), frame(0, long.subarray(150000))]), 1009],
		['a length of 2^62 bytes', frame(1, 'x', { length: 2 ** 62 }), 1009],
		['a frame without a mask', frame(1, '[]', { mask: false }), 1002],
		['a reserved bit', frame(1, '[]', { rsv: 2 }), 1002],
		['a compressed frame that was not agreed', frame(1, '[]', { rsv: 4 }), 1002],
		['a reserved opcode', frame(3, '[]'), 1002],
		['a reserved control opcode', frame(11, ''), 1002],
		['a ping in fragments', frame(9, 'x', { fin: false }), 1002],
		['a ping of 126 bytes', frame(9, Buffer.alloc(126)), 1002],
		['a continuation of nothing', frame(0, '[]'), 1002],
		['a new message within another', Buffer.concat([frame(1, '[2,', { fin: false }), frame(1, '[]')]), 1002],
		['a close of one byte', frame(8, 'x'), 1002],
		['a close with code 1005', frame(8, Buffer.from([0x03, 0xed])), 1002],
		['a close with a reason that is not UTF-8', frame(8, Buffer.from([0x03, 0xe8, 0xff, 0xfe])), 1007],
	];
	for (const [name, bytes, code] of table)
		test(`${name} closes the connection with ${code}`, async () => {
			const t = await rawStation(depotd, id);
			t.send(bytes);
			assert.equal(await t.closeCode(), code);
			await t.gone;
			await told(code);
			ours.prove(name, code);
		});

	test('rules 4, 9: a ping is answered with its payload, in the middle of a message in 1-byte fragments', async () => {
		const t = await rawStation(depotd, id);
		const text = '[2,"f","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}]';
		for (let i = 0; i < text.length; i++) {
			t.send(frame(i ? 0 : 1, text[i], { fin: i === text.length - 1 }));
			if (i === 20) t.send(frame(9, 'are you there'));
		}
		await until('the answer', () => t.frames().some((f) => f.opcode === 1 && /^\[3,"f"/.test(f.payload)));
		assert.ok(t.frames().some((f) => f.opcode === 10 && String(f.payload) === 'are you there'));
		t.send(frame(8, Buffer.from([0x03, 0xe8])));
		assert.equal(await t.closeCode(), 1000, 'a close is echoed');
	});

	test('frames that come byte by byte are frames', async () => {
		const t = await rawStation(depotd, id);
		for (const b of frame(1, '[2,"slow","Heartbeat",{}]')) {
			t.socket.setNoDelay(true);
			t.send(Buffer.from([b]));
			await sleep(1);
		}
		await until('the answer', () => t.frames().some((f) => /"slow"/.test(f.payload)));
		t.destroy();
	});

	test('rule 4: P4 3.3: permessage-deflate with and without context takeover, any window, or not at all', async () => {
		for (const perMessageDeflate of [false, { threshold: 0 }, { threshold: 0, clientNoContextTakeover: true, serverNoContextTakeover: true },
			{ threshold: 0, clientMaxWindowBits: 9, serverMaxWindowBits: 9 }, { threshold: 0, serverMaxWindowBits: 15 }]) {
			const s = await new Station(depotd, id, { perMessageDeflate }).connect();
			await s.boot();
			for (let i = 0; i < 5; i++) await s.call('Heartbeat', {});
			const big = { vendorId: 'v'.repeat(200), messageId: 'm', data: 'd'.repeat(100000) };
			assert.equal((await s.ask('DataTransfer', big))[0], 3);
			await s.close();
		}
	});

	test('rule 4: a decompression bomb of 5 MB is closed with 1009, also in fragments, also of random garbage 1007', async () => {
		const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
		const bomb = deflateRawSync(Buffer.alloc(5 << 20));
		let t = await rawStation(depotd, id, offer);
		t.send(frame(1, bomb, { rsv: 4 }));
		assert.equal(await t.closeCode(), 1009);
		await told(1009);
		ours.prove('a decompression bomb of 5 MB', 1009);
		t = await rawStation(depotd, id, offer);
		t.send(frame(1, bomb.subarray(0, 2000), { rsv: 4, fin: false })).send(frame(0, bomb.subarray(2000)));
		assert.equal(await t.closeCode(), 1009);
		t = await rawStation(depotd, id, offer);
		t.send(frame(1, Buffer.from('ffffffffffffffff', 'hex'), { rsv: 4 }));
		assert.equal(await t.closeCode(), 1007);
		assert.equal((await depotd.api('GET', '/readyz')).status, 200);
	});
});

describe('rules 1 to 3: the gate', () => {
	const long48 = 'L'.repeat(48);
	before(async () => {
		for (const id of ['GATE-1', 'g+@.=_|*', long48]) await register(depotd, id);
		await register(depotd, 'GATE-2', { password: 'with:a:colon:and ünicode' });
	});

	const upgrade = async (id, fields, target) => {
		const t = new Tcp(depotd.ports.profile1).send(upgradeHead(id, fields, target));
		const status = await t.status();
		t.destroy();
		return status;
	};

	// target, identity as the user name, status
	const paths = [
		['/ocpp/GATE-1', 'GATE-1', 101],
		['/ocpp/GATE-1/', 'GATE-1', 101],
		['/ocpp/GATE-1?x=1', 'GATE-1', 101],
		['/ocpp/%47ATE%2D1', 'GATE-1', 101],
		['/ocpp/gate-1', 'gate-1', 101],
		['/ocpp/g%2B%40.=_%7C*', 'g+@.=_|*', 101],
		[`/ocpp/${long48}`, long48, 101],
		['http://elsewhere/ocpp/GATE-1', 'GATE-1', 101],
		[`/ocpp/${long48}L`, `${long48}L`, 404],
		['/ocpp/GATE-1%00', 'GATE-1', 404],
		['/ocpp/GATE-1%2F', 'GATE-1', 404],
		['/ocpp/%2FGATE-1', 'GATE-1', 404],
		['/ocpp/GATE-1%', 'GATE-1', 404],
		['/ocpp/GATE-1%4', 'GATE-1', 404],
		['/ocpp/GATE-1%zz', 'GATE-1', 404],
		['/ocpp/%2547ATE-1', 'GATE-1', 404],
		['/ocpp/%C3%A9', 'é', 404],
		['/ocpp/GATE%20-1', 'GATE-1', 404],
		['/ocpp/GATE-1/GATE-1', 'GATE-1', 404],
		['/ocpp/GATE-1//', 'GATE-1', 404],
		['/ocpp//GATE-1', 'GATE-1', 404],
		['/ocpp/../ocpp/GATE-1', 'GATE-1', 404],
		['/ocpp/', '', 404],
		['/ocpp', '', 404],
		['/', 'GATE-1', 404],
		['/ocppx/GATE-1', 'GATE-1', 404],
		['*', 'GATE-1', 404],
		['/ocpp/NOBODY-1', 'NOBODY-1', 404],
		['/ocpp/GATE-1#x', 'GATE-1', 400],
		['ocpp/GATE-1', 'GATE-1', 400],
	];
	for (const [target, id, status] of paths)
		test(`rule 1: ${target.length > 60 ? `${target.length - 6} characters` : target} gets ${status}`, async () => {
			assert.equal(await upgrade(id, {}, target), status);
		});

	test('rule 2: the password may hold colons and any character', async () => {
		const password = 'with:a:colon:and ünicode';
		assert.equal(await upgrade('GATE-2', { Authorization: basic('GATE-2', password) }), 101);
		assert.equal(await upgrade('GATE-2', { Authorization: basic('GATE-2', 'with') }), 401);
		assert.equal(await upgrade('GATE-2', { Authorization: basic('GATE-2', Buffer.from(password, 'latin1')) }), 401);
	});

	test('rule 2: credentials of any kind that are not right get 401', async () => {
		const b64 = (s) => `Basic ${Buffer.from(s, 'latin1').toString('base64')}`;
		for (const Authorization of [undefined, '', 'Basic', 'Basic ', 'Basic !!!!', 'Bearer abc', 'Digest username="GATE-1"',
			b64('GATE-1'), b64('GATE-1:'), b64(`:${PASSWORD}`), b64(`GATE-1:${PASSWORD}x`), b64(`GATE-1:${PASSWORD}\0`),
			b64(`GATE-1\0:${PASSWORD}`), b64(`GATE-2:${PASSWORD}`), b64(`GATE-1 :${PASSWORD}`), b64('GATE-1:\xff\xfe\x80\x00\xc0\xaf\xff\xff\xff\xff\xff\xff'),
			`${basic('GATE-1')}====`, basic('GATE-1').replace(/=*$/, '*'), `Basic ${'A'.repeat(4000)}`, b64(`${'u'.repeat(900)}:p`)])
			assert.equal(await upgrade('GATE-1', { Authorization }), 401, Authorization);
		assert.equal(await upgrade('GATE-1', { Authorization: basic('gate-1').replace('Basic', 'bAsIc') }), 101);
	});

	test('rule 3: the subprotocol is chosen from what is offered, and nothing else', async () => {
		const answer = async (offer) => {
			const t = new Tcp(depotd.ports.profile1).send(upgradeHead('GATE-1', { 'Sec-WebSocket-Protocol': offer }));
			const status = await t.status();
			t.destroy();
			return [status, /sec-websocket-protocol: (\S+)/i.exec(t.got)?.[1]];
		};
		assert.deepEqual(await answer('ocpp0.1,ocpp2.0.1'), [101, 'ocpp2.0.1']);
		assert.deepEqual(await answer(' ocpp2.1 ,\tocpp2.0.1, ocpp2.0.1'), [101, 'ocpp2.0.1']);
		assert.deepEqual(await answer('ocpp1.5\r\nSec-WebSocket-Protocol: ocpp2.0.1'), [101, 'ocpp2.0.1']);
		assert.deepEqual(await answer('ocpp1.6, ocpp2.0.1'), [101, 'ocpp1.6'], 'the order is theirs');
		for (const offer of ['ocpp0.1', 'ocpp2.0', 'ocpp2.0.10', 'ocpp2.0.1;x', ',,,', 'x'.repeat(600)])
			assert.equal((await answer(offer))[0], 400, offer);
	});

	test('an upgrade that is none gets an HTTP error that says so', async () => {
		for (const [fields, status] of [[{ Upgrade: undefined }, 426], [{ Upgrade: 'h2c' }, 426], [{ Connection: 'close' }, 426],
			[{ 'Sec-WebSocket-Version': '8' }, 426], [{ 'Sec-WebSocket-Version': undefined }, 426], [{ 'Sec-WebSocket-Key': 'short' }, 400],
			[{ 'Sec-WebSocket-Key': undefined }, 400], [{ Host: undefined }, 400]])
			assert.equal(await upgrade('GATE-1', fields), status, JSON.stringify(fields));
		for (const [from, to, status] of [['GET', 'POST', 405], ['GET', 'G ET', 400], ['HTTP/1.1', 'HTTP/1.0', 426],
			['HTTP/1.1', 'HTTP/2.0', 505], ['HTTP/1.1', 'FTP/1.1', 400], ['GET', '\x16\x03\x01', 400]]) {
			const t = new Tcp(depotd.ports.profile1).send(upgradeHead('GATE-1').replace(from, to));
			assert.equal(await t.status(), status, to);
			t.destroy();
		}
	});

	test('smuggled and broken headers get 400 or 431, never a session', async () => {
		const put = (line) => upgradeHead('GATE-1').replace('\r\n\r\n', `\r\n${line}\r\n\r\n`);
		for (const head of [put('X: a\nAuthorization: x'), put('X: a\rb'), put('X : a'), put(' folded: x'), put('X: a\r\n folded'), put(': x'),
			put('no colon'), put('X: a\0b'), put('X: \x01'), upgradeHead('GATE-1').replaceAll('\r\n', '\n').replace('\n\n', '\n\r\n\r\n'),
			`\r\n${upgradeHead('GATE-1')}`, `GET /ocpp/GATE-1\r\n\r\n`, `\x80\x00\r\n\r\n`]) {
			const t = new Tcp(depotd.ports.profile1).send(Buffer.from(head, 'latin1'));
			assert.equal(await t.status(), 400, JSON.stringify(head.slice(-60)));
			t.destroy();
		}
		for (const head of [put(`X: ${'y'.repeat(70000)}`), put('a: b\r\n'.repeat(3000) + 'c: d')]) {
			const t = new Tcp(depotd.ports.profile1).send(head);
			assert.equal(await t.status(), 431);
			t.destroy();
		}
	});

	test('TLS on the plain port and plain text on the TLS port end in a closed socket', async () => {
		const hello = Buffer.from('160301004a010000460303', 'hex');
		const a = new Tcp(depotd.ports.profile1).send(Buffer.concat([hello, Buffer.alloc(300), Buffer.from('\r\n\r\n')]));
		assert.equal(await a.status(), 400);
		const b = new Tcp(depotd.ports.profile2).send(upgradeHead('GATE-1'));
		await Promise.race([b.gone, sleep(5000).then(() => assert.fail('still open'))]);
		assert.equal(b.frames().length, 0);
	});
});

const ask = (id, action, payload, more) => depotd.api('POST', `/stations/${id}/calls`, { action, payload, ...more });
const variables = (value) => ({ getVariableData }) => ({
	getVariableResult: getVariableData.map((v) => ({ ...v, attributeStatus: 'Accepted', attributeValue: value })),
});
const getVariables = { getVariableData: [{ component: { name: 'C' }, variable: { name: 'V' } }] };
/** What depotd asks on its own after a boot has been asked. */
const settled = (s) => until(`${s.id} to be left alone`, async () => {
	const n = s.calls.length;
	await sleep(300);
	return n && n === s.calls.length;
});

describe('rules 11 to 13: calls', () => {
	test('rule 11: one CALL at a time goes to a station that delays; its own CALLs are answered at once', async () => {
		let open = 0, most = 0, crossed = 0;
		const s = await booted(depotd, 'RPC-1', { handlers: { GetVariables: async (p) => {
			most = Math.max(most, ++open);
			const begin = Date.now();
			await s.call('Heartbeat', {}); // crosses our answer
			assert.ok(Date.now() - begin < 1000, 'the Heartbeat was answered while our CALL waits');
			crossed++;
			await sleep(150);
			open--;
			return variables('1')(p);
		} } });
		await settled(s);
		const all = await Promise.all(Array.from({ length: 5 }, () => ask('RPC-1', 'GetVariables', getVariables)));
		assert.deepEqual(all.map((r) => r.json.outcome), Array(5).fill('answered'));
		assert.equal(most, 1);
		assert.equal(crossed, 5);
		const ids = s.calls.map((m) => m[1]);
		assert.equal(new Set(ids).size, ids.length, 'rule 13: ids are unique');
		assert.ok(ids.every((id) => id.length <= 36));
		await s.close();
	});

	test('rule 12: a timeout is told as timeout, the next CALL goes, the late answer is dropped', async () => {
		let first;
		const s = await booted(depotd, 'RPC-2', { handlers: { GetVariables: (p, m) => {
			if (!first) return void (first = m);
			s.text(JSON.stringify([3, first[1], variables('late')(p)])); // the late answer comes just before
			return variables('right')(p);
		} } });
		await settled(s);
		const begin = Date.now();
		const r = await ask('RPC-2', 'GetVariables', getVariables, { timeout_s: 1 });
		assert.equal(r.status, 200);
		assert.equal(r.json.outcome, 'timeout');
		assert.ok(Date.now() - begin < 4000);
		const next = await ask('RPC-2', 'GetVariables', getVariables);
		assert.equal(next.json.outcome, 'answered');
		assert.equal(next.json.response.getVariableResult[0].attributeValue, 'right');
		const ended = await until('the outcome in the journal', async () =>
			(await events('station/RPC-2', 'CallEnded')).find((e) => e.payload.call_id === r.json.call_id));
		assert.equal(ended.payload.outcome, 'timeout');
		await s.close();
	});

	test('rule 12: a connection that breaks before the answer is told as lost, what waited as cancelled', async () => {
		const s = await booted(depotd, 'RPC-3', { handlers: { GetVariables: () => void setTimeout(() => s.close(), 100) } });
		await settled(s);
		const [a, b] = await Promise.all([ask('RPC-3', 'GetVariables', getVariables), ask('RPC-3', 'GetVariables', getVariables)]);
		assert.deepEqual([a.json.outcome, b.json.outcome].sort(), ['cancelled', 'lost']);
		assert.equal((await ask('RPC-3', 'GetVariables', getVariables)).status, 409);
	});

	test('what a station answers wrongly is an error, never a success', async () => {
		const answers = [[{ getVariableResult: [] }, 'InvalidAnswer'], [{}, 'InvalidAnswer'], [{ status: 'Accepted' }, 'InvalidAnswer']];
		let n = 0;
		const s = await booted(depotd, 'RPC-4', { handlers: { GetVariables: () => answers[n++][0] } });
		await settled(s);
		for (const [, code] of answers) {
			const r = await ask('RPC-4', 'GetVariables', getVariables);
			assert.deepEqual([r.json.outcome, r.json.error_code], ['error', code]);
		}
		for (const raw of ['[3,"ID"]', '[3,"ID",[]]', '[3,"ID","x"]', '[4,"ID"]', '[4,"ID","Nonsense","words",{},{}]', '[4,"ID","NotSupported","no",{}]']) {
			s.handlers.GetVariables = (p, m) => s.text(raw.replace('ID', m[1]));
			const r = await ask('RPC-4', 'GetVariables', getVariables, { timeout_s: 2 });
			assert.ok(['error', 'timeout'].includes(r.json.outcome), `${raw}: ${r.text}`);
		}
		await s.close();
	});

	test('rule 13: a retry with the same id and payload is answered alike and journalled once', async () => {
		const s = await booted(depotd, 'RPC-5');
		const payload = { type: 'FirmwareUpdated', timestamp: now(), techInfo: 'once' };
		const a = await s.ask('SecurityEventNotification', payload, 'same');
		const b = await s.ask('SecurityEventNotification', payload, 'same');
		assert.deepEqual(a, b);
		const once = async () => (await depotd.api('GET', '/journal?stream=station/RPC-5&limit=1000')).json.events.filter((e) => ['same', 'act'].includes(e.cause)).length;
		assert.equal(await once(), 1);
		await s.ask('SecurityEventNotification', { ...payload, techInfo: 'twice' }, 'same');
		assert.equal(await once(), 2, 'another payload is another message');
		await s.ask('FirmwareStatusNotification', { status: 'Idle' }, 'act');
		await s.ask('LogStatusNotification', { status: 'Idle' }, 'act');
		assert.equal(await once(), 4, 'another action is another message');
		const h = await s.ask('Heartbeat', {}, 'hb');
		assert.deepEqual(await s.ask('Heartbeat', {}, 'hb'), h, 'even its clock');
		const e = await s.ask('Authorize', {}, 'bad');
		assert.deepEqual(await s.ask('Authorize', {}, 'bad'), e);
		await s.close();
	});

	test('rule 8: the newest connection wins; the old one is closed and never answered again', async () => {
		const old = await booted(depotd, 'RPC-6');
		const s = await new Station(depotd, 'RPC-6').connect();
		assert.equal((await old.closed).code, 1008);
		await s.call('Heartbeat', {});
		const crowd = await Promise.all(Array.from({ length: 20 }, () => new Station(depotd, 'RPC-6').connect()));
		await until('one to be left', () => crowd.filter((c) => c.ws.readyState === 1).length === 1);
		await crowd.find((c) => c.ws.readyState === 1).call('Heartbeat', {});
		assert.equal((await depotd.api('GET', '/stations/RPC-6')).json.connected, true);
		for (const c of crowd) c.ws.terminate();
	});
});

describe('rules 18, 19: boot', () => {
	const refused = async (s, action, payload = {}) => {
		const m = await s.ask(action, payload);
		assert.deepEqual([m[0], m[2]], [4, 'SecurityError'], `${action}: ${JSON.stringify(m)}`);
	};
	const status = () => ({ timestamp: now(), connectorStatus: 'Available', evseId: 1, connectorId: 1 });

	test('rule 18: B01.FR.10: before a boot everything but BootNotification is a SecurityError', async () => {
		await register(depotd, 'BOOT-1');
		const s = await new Station(depotd, 'BOOT-1').connect();
		await refused(s, 'Heartbeat');
		await refused(s, 'StatusNotification', status());
		await refused(s, 'TransactionEvent', { rubbish: true });
		assert.equal((await ask('BOOT-1', 'GetVariables', getVariables)).status, 409);
		assert.deepEqual(s.calls, []);
		const r = await s.boot();
		assert.equal(r.status, 'Accepted');
		assert.ok(r.interval > 0, 'rule 19');
		assert.ok(Math.abs(Date.parse(r.currentTime) - Date.now()) < 5000);
		await s.call('Heartbeat', {});
		await s.close();
	});

	test('rules 18, 19: B02: a pending station may be asked, and may send what was triggered, nothing else', async () => {
		await register(depotd, 'BOOT-2', { policy: 'pending' });
		const s = await new Station(depotd, 'BOOT-2', { handlers: { GetVariables: variables('x') } }).connect();
		const r = await s.boot();
		assert.equal(r.status, 'Pending');
		assert.ok(r.interval > 0);
		await refused(s, 'StatusNotification', status());
		await refused(s, 'NotifyReport', {});
		assert.equal((await ask('BOOT-2', 'GetVariables', getVariables)).json.outcome, 'answered', 'B02.FR.01');
		assert.equal((await ask('BOOT-2', 'RequestStartTransaction', { remoteStartId: 1, idToken: { idToken: 'A', type: 'Central' } })).status, 409);
		assert.equal((await ask('BOOT-2', 'TriggerMessage', { requestedMessage: 'StatusNotification', evse: { id: 1, connectorId: 1 } })).json.outcome, 'answered');
		assert.deepEqual(await s.call('StatusNotification', status()), {});
		await refused(s, 'NotifyReport', {});
		assert.equal((await ask('BOOT-2', 'GetBaseReport', { requestId: 7, reportBase: 'FullInventory' })).json.outcome, 'answered');
		assert.deepEqual(await s.call('NotifyReport', { requestId: 7, generatedAt: now(), seqNo: 0 }), {}, 'B02.FR.09');
		await refused(s, 'Authorize', { idToken: { idToken: 'A', type: 'Central' } });
		assert.ok(s.calls.every((m) => m[2] !== 'SetChargingProfile'), 'no profile before it is accepted');
		await depotd.api('PUT', '/stations/BOOT-2', { policy: 'accepted' });
		await until('to be told to boot again', () => s.calls.some((m) => m[2] === 'TriggerMessage' && m[3].requestedMessage === 'BootNotification'));
		assert.equal((await s.boot()).status, 'Accepted');
		await s.call('Heartbeat', {});
		await s.close();
		const again = await new Station(depotd, 'BOOT-2').connect();
		await again.call('Heartbeat', {});
		await again.close();
	});

	test('rules 18, 19: B03.FR.03: a rejected station hears nothing and may only boot again', async () => {
		await register(depotd, 'BOOT-3', { policy: 'rejected' });
		const s = await new Station(depotd, 'BOOT-3').connect();
		for (let i = 0; i < 3; i++) {
			const r = await s.boot();
			assert.equal(r.status, 'Rejected');
			assert.ok(r.interval > 0);
		}
		await refused(s, 'Heartbeat');
		assert.equal((await ask('BOOT-3', 'TriggerMessage', { requestedMessage: 'Heartbeat' })).status, 409);
		assert.equal((await ask('BOOT-3', 'GetVariables', getVariables)).status, 409);
		await sleep(1200);
		assert.deepEqual(s.calls, []);
		assert.equal(s.ws.readyState, 1);
		await s.close();
	});
});

describe('rules 26 to 33: transactions', () => {
	let cp;
	const HOUR = 3600e3;
	before(async () => {
		cp = await booted(depotd, 'TX-1', { registration: { evses: 2 } });
	});
	after(() => cp?.close());

	/** Event `n` of `last` + 1, one minute apart, ending at `end` (ms); 100 Wh each. */
	const event = (tx, n, last, end, more = {}) => {
		const at = new Date(end - (last - n) * 60e3).toISOString();
		return {
			eventType: n === 0 ? 'Started' : n === last ? 'Ended' : 'Updated', seqNo: n, timestamp: at,
			triggerReason: n ? 'MeterValuePeriodic' : 'CablePluggedIn',
			transactionInfo: { transactionId: tx, ...(n === last ? { stoppedReason: 'Local' } : { chargingState: 'Charging' }) },
			meterValue: [{ timestamp: at, sampledValue: [{ value: 1000 + n * 100 }] }],
			...(n === 0 && { evse: { id: 1, connectorId: 1 } }), ...more,
		};
	};
	const shuffled = (a, seed) => {
		const out = [...a];
		for (let i = out.length - 1; i > 0; i--) {
			seed = (seed * 1103515245 + 12345) % 2147483648;
			const j = seed % (i + 1);
			[out[i], out[j]] = [out[j], out[i]];
		}
		return out;
	};

	test('rules 27, 29: six events in any order give one result', async () => {
		const six = [0, 1, 2, 3, 4, 5];
		const orders = [six, [5, 4, 3, 2, 1, 0], [5, 0, 1, 2, 3, 4], ...Array.from({ length: 15 }, (_, i) => shuffled(six, i + 1))];
		for (const [i, order] of orders.entries()) {
			const tx = `perm-${i}`;
			const end = Date.now() - (40 - i) * HOUR;
			for (const n of order) await cp.call('TransactionEvent', event(tx, n, 5, end, {
				offline: true, ...(i % 2 && { evse: { id: 1, connectorId: 1 } }), // many name it in each event
			}));
			const t = (await transaction('TX-1', tx)).transaction;
			const got = [t.state, t.complete, t.missing ?? '', t.events, t.energy_wh, t.evse, t.quarantined, t.stopped_reason];
			assert.deepEqual(got, ['ended', true, '', 6, 500, 1, undefined, 'Local'], `order ${order}`);
			assert.equal(Date.parse(t.started_at), end - 300e3);
			assert.equal(Date.parse(t.ended_at), end);
		}
	});

	test('rule 28: the whole transaction again, under new message ids, changes nothing', async () => {
		const end = Date.now() - 90 * 60e3;
		const send = async () => {
			for (let n = 0; n < 6; n++) await cp.call('TransactionEvent', event('again', n, 5, end));
			return (await transaction('TX-1', 'again'));
		};
		const a = await send(), b = await send();
		assert.deepEqual(b.transaction, a.transaction);
		assert.equal(b.events.length, 6);
		assert.equal((await events('transaction/TX-1/again')).length, 6);
	});

	test('rule 27: a gap is told until it is filled; a counter need not begin at 0', async () => {
		const end = Date.now() - 80 * 60e3;
		for (const n of [0, 1, 4]) await cp.call('TransactionEvent', event('gap', n, 8, end));
		let t = (await transaction('TX-1', 'gap')).transaction;
		assert.deepEqual([t.complete, t.missing], [false, '2-3']);
		for (const n of [6, 8, 3]) await cp.call('TransactionEvent', event('gap', n, 8, end));
		t = (await transaction('TX-1', 'gap')).transaction;
		assert.deepEqual([t.state, t.complete, t.missing], ['ended', false, '2, 5, 7']);
		for (const n of [7, 5, 2]) await cp.call('TransactionEvent', event('gap', n, 8, end));
		t = (await transaction('TX-1', 'gap')).transaction;
		assert.deepEqual([t.complete, t.missing ?? '', t.events], [true, '', 9]);
		for (const n of [0, 1, 2]) await cp.call('TransactionEvent', { ...event('from7', n, 2, end + HOUR), seqNo: 700 + n });
		t = (await transaction('TX-1', 'from7')).transaction;
		assert.deepEqual([t.complete, t.missing ?? '', t.energy_wh], [true, '', 200]);
	});

	test('rule 29: offline events of the past do not turn the live state back', async () => {
		const view = async () => (await depotd.api('GET', '/stations/TX-1')).json.evses[0];
		const power = (w) => ({ meterValue: [{ timestamp: now(), sampledValue: [{ measurand: 'Power.Active.Import', value: w }] }] });
		await cp.call('TransactionEvent', event('live', 0, 9, Date.now() + 540e3));
		await cp.call('TransactionEvent', { ...event('live', 5, 9, Date.now() + 240e3), ...power(7000) });
		assert.equal((await view()).power_w, 7000);
		const old = Date.now() - 70 * 60e3;
		await cp.call('TransactionEvent', { ...event('live', 3, 9, old, { offline: true }), transactionInfo: { transactionId: 'live', chargingState: 'SuspendedEV' },
			meterValue: [{ timestamp: new Date(old).toISOString(), sampledValue: [{ measurand: 'Power.Active.Import', value: 1 }] }] });
		for (let n = 0; n < 4; n++) await cp.call('TransactionEvent', event('older', n, 3, old, { offline: true }));
		const e = await view();
		assert.deepEqual([e.transaction, e.power_w, e.state], ['live', 7000, 'charging']);
		assert.equal((await transaction('TX-1', 'older')).transaction.state, 'ended');
		await cp.call('TransactionEvent', event('live', 9, 9, Date.now()));
		assert.equal((await view()).transaction, undefined);
	});

	test('rule 31: only the first event names the EVSE; a transaction without one is kept', async () => {
		const end = Date.now();
		for (const n of [0, 1]) await cp.call('TransactionEvent', event('noevse', n, 1, end, { evse: undefined }));
		const t = (await transaction('TX-1', 'noevse')).transaction;
		assert.deepEqual([t.state, t.complete, t.evse], ['ended', true, undefined]);
	});

	test('rule 30: the token is judged anew in each event that has one', async () => {
		const judge = async (idToken, tx) => (await cp.call('TransactionEvent', event(tx, 0, 1, Date.now() - 60e3,
			{ idToken, evse: { id: 2, connectorId: 1 } }))).idTokenInfo?.status;
		assert.equal(await judge({ idToken: 'AABBCCDD', type: 'ISO14443' }, 'tok-1'), 'Accepted');
		assert.equal(await judge({ idToken: 'nobody', type: 'ISO14443' }, 'tok-2'), 'Unknown');
		assert.equal(await judge({ idToken: '', type: 'NoAuthorization' }, 'tok-3'), 'Accepted', 'C02.FR.02');
		assert.equal(await judge(undefined, 'tok-4'), undefined);
	});

	test('rule 26: nonsense gets a CALLRESULT, and is kept without being believed', async () => {
		const sane = event('odd', 1, 3, Date.now());
		const reading = (value, more) => [{ timestamp: now(), sampledValue: [{ value, ...more }] }];
		const kW = { measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'kW', multiplier: 9 } };
		await cp.call('TransactionEvent', event('odd', 0, 3, Date.now()));
		for (const [i, more] of [
			{ evse: { id: 99, connectorId: 99 } }, { evse: { id: 0 } }, { evse: { id: 1634030126, connectorId: 1634030126 } },
			{ timestamp: '1970-01-01T00:00:00Z' }, { timestamp: '2099-12-31T23:59:59.999Z' }, { timestamp: '2026-01-01T00:00:00+14:00' },
			{ meterValue: reading(-5) }, { meterValue: reading(1e300) }, { meterValue: reading(-1e300, kW) }, { meterValue: reading(5, kW) },
			{ meterValue: reading(101, { measurand: 'SoC' }) }, { meterValue: reading(1e12, { measurand: 'Voltage' }) },
			{ numberOfPhasesUsed: 3 }, { cableMaxCurrent: 2147483647 }, { reservationId: -2147483648 }, { seqNo: 2147483647 },
		].entries()) {
			const m = await cp.ask('TransactionEvent', { ...sane, seqNo: 10 + i, ...more });
			assert.equal(m[0], 3, `${JSON.stringify(more)}: ${JSON.stringify(m)}`);
		}
		const t = (await transaction('TX-1', 'odd')).transaction;
		assert.equal(t.events, 17);
		assert.ok(t.quarantined);
		assert.ok(t.missing.length <= 200, 'two thousand million missing numbers are told shortly');
		const e = (await depotd.api('GET', '/stations/TX-1')).json.evses[0];
		assert.ok(!(e.power_w > 1e6) && !(e.session_wh > 1e6), JSON.stringify(e));
		assert.equal((await depotd.api('GET', '/overview')).status, 200);
		for (const more of [{ evseId: 0, connectorId: 0 }, { evseId: 77, connectorId: 1 }, { evseId: 2147483647, connectorId: 2147483647 }, { evseId: 1, connectorId: 1634030126 }])
			assert.deepEqual(await cp.call('StatusNotification', { timestamp: now(), connectorStatus: 'Faulted', ...more }), {});
		for (const evseId of [0, 5, 2147483647])
			assert.deepEqual(await cp.call('MeterValues', { evseId, meterValue: reading(-1e300) }), {});
		for (const at of ['1970-01-01T00:00:00Z', '2099-01-01T00:00:00Z', now()])
			await cp.call('StatusNotification', { timestamp: at, connectorStatus: at === '1970-01-01T00:00:00Z' ? 'Faulted' : 'Occupied', evseId: 2, connectorId: 1 });
		assert.equal((await depotd.api('GET', '/stations/TX-1')).json.evses[1].connectors[0].status, 'Occupied', 'a clock of 2099 does not shut later reports out');
	});

	const sample = (...sampledValue) => ({ timestamp: now(), sampledValue });
	const verdict = async (id) => {
		const frames = (await depotd.api('GET', '/wire?station=TX-1&limit=1000')).json.frames;
		return frames.find((f) => f.direction === 'in' && f.message_id === id)?.verdict ?? '';
	};
	// what is sent of meter values, and how many samples of it can be read
	const broken = [
		[[], 0],
		[[sample()], 0],
		[[sample({ value: 7, measurand: 'Vendor.X' })], 0],
		[[sample({ value: 7, phase: 'L4' }, { value: 7, location: 'Roof' }, { value: 5, context: 'Monday' })], 1],
		[[sample({ value: '7' }, { value: null }, { value: true }, 7, [], { value: 6 })], 1],
		[[sample({ value: 8, signedMeterValue: { signedMeterData: 'x' } })], 1],
		[[sample({ value: 8, unitOfMeasure: { unit: 'a unit that has far too many characters' } })], 0],
		[[{ timestamp: 'yesterday', sampledValue: [{ value: 7 }] }, sample({ value: 9 }), {}], 1],
		[{}, 0],
		['none', 0],
		[null, 0],
	];

	test('rule 26: an Ended is answered and kept whatever its meter values are', async () => {
		for (const [i, [meterValue, samples]] of broken.entries()) {
			const tx = `unread-${i}`;
			await cp.call('TransactionEvent', event(tx, 0, 1, Date.now() - 60e3));
			const m = await cp.ask('TransactionEvent', { ...event(tx, 1, 1, Date.now()), meterValue }, `unread-${i}`);
			assert.equal(m[0], 3, `${JSON.stringify(meterValue)}: ${JSON.stringify(m)}`);
			const r = await transaction('TX-1', tx);
			assert.deepEqual([r.transaction.state, r.transaction.complete], ['ended', true], tx);
			const told = (await events(`transaction/TX-1/${tx}`, 'TransactionReported')).at(-1).payload;
			assert.equal(told.samples, samples, JSON.stringify(meterValue));
			assert.match(await until('the verdict', () => verdict(`unread-${i}`)), /^left out: meterValue/);
		}
	});

	test('rule 26: MeterValues are answered whatever they hold, and it is noted once', async () => {
		const before = (await events('station/TX-1', 'PartsUnread')).filter((e) => e.payload.action === 'MeterValues').length;
		for (const [meterValue] of [...broken, ...broken])
			assert.deepEqual(await cp.call('MeterValues', { evseId: 1, meterValue }), {}, JSON.stringify(meterValue));
		const told = (await events('station/TX-1', 'PartsUnread')).filter((e) => e.payload.action === 'MeterValues');
		assert.ok(told.length > before && told.length < broken.length, `${told.length} are journalled`);
		for (const e of told) {
			assert.equal(e.actor, 'station:TX-1');
			assert.match(e.payload.first, /^meterValue/);
		}
		const metrics = (await depotd.api('GET', '/metrics')).text;
		assert.ok(Number(/depotd_ocpp_parts_unread_total (\d+)/.exec(metrics)[1]) >= 3 * broken.length);
	});

	test('rule 26: any other part of a TransactionEvent that cannot be read does not cost the event', async () => {
		for (const [i, more] of [
			{ evse: { connectorId: 1 } }, { evse: 1 }, { triggerReason: 'CostLimitReached' }, { offline: 'no' }, { numberOfPhasesUsed: 2.5 },
			{ cableMaxCurrent: '32' }, { reservationId: 1e12 }, { customData: {} },
			{ transactionInfo: { transactionId: 'parts', stoppedReason: 'CoffeeBreak', chargingState: 'Resting', timeSpentCharging: -1.5, remoteStartId: '4' } },
		].entries()) {
			const m = await cp.ask('TransactionEvent', { ...event('parts', 1, 3, Date.now()), seqNo: i, ...more });
			assert.equal(m[0], 3, `${JSON.stringify(more)}: ${JSON.stringify(m)}`);
		}
		assert.equal((await transaction('TX-1', 'parts')).transaction.events, 9);
		const m = await cp.ask('TransactionEvent', { ...event('parts', 1, 3, Date.now()), seqNo: 9, idToken: { idToken: 'AABBCCDD', type: 'Wallet' } });
		assert.equal(m[2].idTokenInfo.status, 'Invalid', 'a token that cannot be read opens nothing');
	});

	test('rules 15, 16: what says which event it is must be there, and unknown properties stay errors', async () => {
		const sane = event('strict', 0, 3, Date.now());
		const { seqNo, ...rest } = sane;
		for (const [payload, code, path] of [
			[rest, 'OccurrenceConstraintViolation', 'seqNo'],
			[{ ...sane, seqNo: 'x' }, 'TypeConstraintViolation', 'seqNo'],
			[{ ...sane, eventType: 'Paused' }, 'PropertyConstraintViolation', 'eventType'],
			[{ ...sane, timestamp: 'now' }, 'PropertyConstraintViolation', 'timestamp'],
			[{ ...sane, transactionInfo: {} }, 'OccurrenceConstraintViolation', 'transactionInfo.transactionId'],
			[{ ...sane, more: 1 }, 'FormatViolation', 'more'],
			[{ ...sane, meterValue: [sample({ value: 1, unit: 'Wh' })] }, 'FormatViolation', 'meterValue[0].sampledValue[0].unit'],
			[{ ...sane, meterValue: [sample({ value: 'x', unit: 'Wh' })] }, 'FormatViolation', 'meterValue[0].sampledValue[0].unit'],
		]) {
			const m = await cp.ask('TransactionEvent', payload);
			assert.deepEqual([m[0], m[2], m[4]?.path], [4, code, path], JSON.stringify(m));
		}
		assert.equal((await cp.ask('MeterValues', { meterValue: [] }))[4].path, 'evseId');
		assert.equal((await depotd.api('GET', '/transactions/TX-1/strict')).status, 404);
	});

	test('other messages that a station repeats: an event of many, a version, an explanation that cannot be read', async () => {
		const one = (eventId, more) => ({ eventId, timestamp: now(), trigger: 'Delta', actualValue: String(eventId), eventNotificationType: 'HardWiredNotification',
			component: { name: 'Fan' }, variable: { name: 'Speed' }, ...more });
		assert.deepEqual(await cp.call('NotifyEvent', { generatedAt: now(), seqNo: 0, eventData: [one(1), one(2, { trigger: 'Whim' }), one(3, { techInfo: 'x'.repeat(501) })] }), {});
		const told = (await events('station/TX-1', 'DeviceEvents')).at(-1).payload.events.map((e) => e.value);
		assert.deepEqual(told, ['1', '3']);
		const count = (await events('station/TX-1', 'DeviceEvents')).length;
		assert.deepEqual(await cp.call('NotifyEvent', { generatedAt: now(), seqNo: 0, eventData: [] }), {});
		assert.equal((await events('station/TX-1', 'DeviceEvents')).length, count, 'nothing is no event');
		assert.deepEqual(await cp.call('SecurityEventNotification', { type: 'StartupOfTheDevice', timestamp: now(), techInfo: 'x'.repeat(256) }), {});
		assert.equal((await cp.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V', firmwareVersion: 'x'.repeat(51), modem: 7 } })).status, 'Accepted');
	});

	test('the journal says who told what: the station itself', async () => {
		await cp.call('MeterValues', { evseId: 1, meterValue: [{ timestamp: now(), sampledValue: [{ value: 1 }] }] });
		await cp.call('ReservationStatusUpdate', { reservationId: 4711, reservationUpdateStatus: 'Expired' });
		// What it said is caused by its messages, whose ids begin with its name.
		const told = (await events('station/TX-1')).filter((e) => e.cause?.startsWith('TX-1-'));
		for (const type of ['StationBooted', 'ConnectorStatusChanged'])
			assert.ok(told.some((e) => e.type === type), type);
		assert.ok(told.length >= 4);
		for (const e of told) assert.equal(e.actor, 'station:TX-1', e.type);
	});

	test('rule 26: a transaction id of 36 strange characters stays what it is', async () => {
		for (const tx of [`${'é'.repeat(36)}`, "'; DROP TABLE event;--", '../../etc/passwd', '%2e%2e', '<script>alert(1)</script>', '😀'.repeat(9), 'a/b c?d#e&f', '-1']) {
			for (const n of [0, 1]) await cp.call('TransactionEvent', event(tx, n, 1, Date.now()));
			const r = await depotd.api('GET', `/transactions/TX-1/${encodeURIComponent(tx)}`);
			assert.equal(r.status, 200, `${tx}: ${r.text}`);
			assert.deepEqual([r.json.transaction.id, r.json.transaction.complete], [tx, true]);
		}
	});
});

/** Resident megabytes; nothing to go by when the address sanitizer keeps what was freed. */
const isSanitized = readFileSync(join(BUILD, 'depotd')).includes('__asan_init');
const rss = (d) => isSanitized ? 0 : Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${d.child.pid}/status`, 'utf8'))[1]) / 1024;

describe('crowds and floods', () => {
	test('a station that sends 50,000 messages at once is slowed to its rate; another does not notice', async () => {
		const s = await booted(depotd, 'FLOOD-1');
		const size = rss(depotd), n = s.inbox.length, begin = Date.now();
		const b = await beat(depotd, 'CALM-1');
		for (let i = 0; i < 50000; i++) s.text(`[2,"f${i}","Heartbeat",{}]`);
		await sleep(3000);
		const took = await b.stop();
		const answered = s.inbox.length - n, most = 500 + 50 * ((Date.now() - begin) / 1000 + 1);
		assertCalm(took, 'beside a flood that is slowed');
		assert.ok(answered >= 400 && answered <= most, `${answered} answered, at most ${most}`);
		assert.ok(rss(depotd) - size < 64, `grew by ${rss(depotd) - size} MB`);
		await s.close();
	});

	test('the same without a rate: all 50,000 are answered, and another station still gets its turn', async () => {
		const free = await new Depotd({ depot, config: 'limits: {messages_per_s: 100000, message_burst: 100000}\n' }).start();
		try {
			const b = await beat(free, 'CALM-2'), s = await booted(free, 'FLOOD-2');
			const n = s.inbox.length;
			for (let i = 0; i < 50000; i++)
				s.text(i % 10 ? `[2,"f${i}","Heartbeat",{}]` : `[2,"f${i}","SecurityEventNotification",{"type":"x","timestamp":"${now()}"}]`);
			await until('all answers', () => s.inbox.length - n === 50000 || s.ws.readyState !== 1, 30000);
			const took = await b.stop();
			assertCalm(took, 'beside a flood at full speed', { least: 10 }); // it is over within a second
			if (s.ws.readyState === 1) assert.ok(s.inbox.every((m) => m[0] === 3));
			else assert.ok([1008, 1013].includes((await s.closed).code), 'or it is told why not');
		} finally {
			await free.clean();
		}
	});

	test('a station that does not read what it asks for is read no more, and cut off when its pongs are missing', async () => {
		const slow = await new Depotd({ depot, config: 'limits: {messages_per_s: 100000, message_burst: 100000, max_queue: 65536, ping_interval_s: 2, pong_timeout_s: 1}\n' }).start();
		try {
			const other = await booted(slow, 'CALM-3');
			await register(slow, 'DEAF-1');
			const size = rss(slow);
			const t = await rawStation(slow, 'DEAF-1');
			t.socket.pause();
			const junk = frame(1, '[2,"z","NoSuchAction",{}]');
			const many = Buffer.concat(Array(2000).fill(junk));
			for (let i = 0; i < 250 && !t.socket.destroyed; i++) {
				t.send(many);
				await sleep(2);
			}
			assert.ok(rss(slow) - size < 32, `grew by ${rss(slow) - size} MB`);
			await until('it to be cut off', async () => !(await slow.api('GET', '/stations/DEAF-1')).json.connected);
			await other.call('Heartbeat', {});
			t.destroy();
		} finally {
			await slow.clean();
		}
	});

	test('2,000 half-open connections and slow headers: a real station connects at once; they go after the timeout', async () => {
		const d = await new Depotd({ depot, config: 'limits: {header_timeout_s: 3}\n' }).start();
		const crowd = [];
		try {
			const b = await beat(d, 'REAL-1');
			for (let i = 0; i < 2000; i++) {
				const t = new Tcp(i % 4 === 3 ? d.ports.profile2 : i % 4 === 2 ? d.ports.console : d.ports.profile1);
				t.open.catch(() => {});
				crowd.push(t);
				if (i % 4 === 1) t.send('GET /ocpp/REAL-1 HTTP/1.1\r\nX: ');
				if (i % 100 === 99) await sleep(5);
			}
			await Promise.all(crowd.map((t) => t.open));
			const drip = setInterval(() => crowd.forEach((t, i) => i % 4 === 1 && !t.ended && t.send('x')), 500);
			const begin = Date.now();
			const real = await booted(d, 'REAL-2');
			assert.ok(Date.now() - begin < 2000, `${Date.now() - begin} ms to connect`);
			assert.equal((await d.https('GET', '/livez')).status, 200);
			await until('all of them to be dropped', () => crowd.every((t) => t.ended), 12000);
			clearInterval(drip);
			const took = await b.stop();
			assertCalm(took, 'beside 2,000 half-open connections');
			await real.call('Heartbeat', {});
		} finally {
			for (const t of crowd) t.destroy();
			await d.clean();
		}
	});

	test('500 stations connect, boot and vanish at once, three times', async () => {
		const ids = Array.from({ length: 500 }, (_, i) => `STORM-${i}`);
		for (let i = 0; i < ids.length; i += 50) await Promise.all(ids.slice(i, i + 50).map((id) => register(depotd, id)));
		const b = await beat(depotd, 'CALM-1');
		for (let round = 0; round < 3; round++) {
			const all = await Promise.all(ids.map(async (id) => {
				const s = await new Station(depotd, id).connect();
				if (round) await s.boot();
				return s;
			}));
			for (const s of all) s.ws.terminate();
			await Promise.all(all.map((s) => s.closed));
		}
		await until('all to be gone', async () =>
			(await depotd.api('GET', '/stations')).json.stations.filter((s) => s.connected && /^STORM/.test(s.id)).length === 0);
		const took = await b.stop();
		assertCalm(took, 'beside a storm of 500 stations', { limit: 1000, least: 10 }); // all of them boot in one turn; the limit is what counts
	});

	test('rule 9: who sends no pong is dropped after ping interval and timeout; who only pings stays', async () => {
		const d = await new Depotd({ depot, config: 'limits: {ping_interval_s: 2, pong_timeout_s: 1}\n' }).start();
		try {
			await Promise.all(['PONG-1', 'PONG-2', 'PONG-3'].map((id) => register(d, id)));
			const begin = Date.now();
			const deaf = await rawStation(d, 'PONG-1'); // never answers a ping
			const pinger = await rawStation(d, 'PONG-2');
			const good = await new Station(d, 'PONG-3').connect();
			const pings = setInterval(() => pinger.send(frame(9, 'ping')), 400);
			await Promise.race([deaf.gone, sleep(6000)]);
			const took = Date.now() - begin;
			assert.ok(deaf.ended, 'the silent one was dropped');
			assert.ok(took > 1500 && took < 4500, `after ${took} ms`);
			assert.ok(deaf.frames().some((f) => f.opcode === 9), 'it was pinged');
			await sleep(3500);
			clearInterval(pings);
			assert.ok(!pinger.ended, 'what is heard is alive');
			assert.equal(good.ws.readyState, 1);
			assert.equal((await d.api('GET', '/stations/PONG-1')).json.connected, false);
			assert.match((await d.api('GET', '/metrics')).text, /depotd_ws_dropped_total\{reason="silent"\} 1\n/);
			pinger.destroy();
			await good.close();
		} finally {
			await d.clean();
		}
	});
});

test('after all of it depotd lives, its log holds no password, and it stops cleanly', async () => {
	assert.equal((await depotd.api('GET', '/readyz')).status, 200);
	assert.doesNotMatch(depotd.logged(), new RegExp(`${PASSWORD}|with:a:colon`));
	assert.doesNotMatch(depotd.logged(), /ERROR: AddressSanitizer|runtime error/);
	const begin = Date.now();
	assert.deepEqual(await depotd.stop(), { code: 0, signal: null });
	assert.ok(Date.now() - begin < 5000);
});

test('all that the matrix claims of WebSockets was tried', () => {
	assert.deepEqual(ours.rest(), []);
});
