// Stations that break every rule, by mistake or on purpose: each gets a clear CALLERROR or a closed
// socket, nobody else notices, and depotd lives. The rules are those of OCPP-J (P4 = part 4) and
// RFC 6455; see docs/.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import { Depotd, sleep, until } from './harness.mjs';
import { PASSWORD, Station, Tcp, basic, booted, frame, percentile, rawStation, register, upgradeHead } from './peer.mjs';

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
	const values = (v) => ({ evseId: 1, meterValue: [{ timestamp: now(), sampledValue: [v] }] });
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
		['an object for a list', call('e4', 'MeterValues', { evseId: 1, meterValue: {} }), 'e4', 'TypeConstraintViolation', 'meterValue'],
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
		['an empty list', call('g3', 'MeterValues', { evseId: 1, meterValue: [] }), 'g3', 'OccurrenceConstraintViolation', 'meterValue'],
		['a missing value in a list', call('g4', 'MeterValues', values({})),
			'g4', 'OccurrenceConstraintViolation', 'meterValue[0].sampledValue[0].value'],
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

	test('numbers of any size are read or refused, never believed', async () => {
		const s = await booted(depotd, 'FRAME-6');
		const value = async (text) => s.say(`[2,"n${s.number++}","MeterValues",{"evseId":1,"meterValue":[{"timestamp":"${now()}",` +
			`"sampledValue":[{"measurand":"Power.Active.Import","value":${text}}]}]}]`);
		for (const ok of ['1e300', '-1e300', '0.000000000000000000001', '-0', '1e-400', '999999999999999999999999'])
			assert.equal((await value(ok))[0], 3, ok);
		for (const bad of ['1e400', '-1e999999999', '01', '+1', '.5', '1.', '0x10', `1${'0'.repeat(5000)}`])
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
		});

	test('a ping is answered with its payload, in the middle of a message in 1-byte fragments', async () => {
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

	test('P4 3.3: permessage-deflate with and without context takeover, any window, or not at all', async () => {
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

	test('a decompression bomb of 5 MB is closed with 1009, also in fragments, also of random garbage 1007', async () => {
		const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
		const bomb = deflateRawSync(Buffer.alloc(5 << 20));
		let t = await rawStation(depotd, id, offer);
		t.send(frame(1, bomb, { rsv: 4 }));
		assert.equal(await t.closeCode(), 1009);
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
		assert.deepEqual(await answer('ocpp1.6\r\nSec-WebSocket-Protocol: ocpp2.0.1'), [101, 'ocpp2.0.1']);
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
