// A broker (Debian's mosquitto) with TLS and a password on a free port of the loopback, and the least
// of a client that publishes to it (MQTT 3.1.1).
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import net from 'node:net';
import tls from 'node:tls';
import { until } from './harness.mjs';

const freePort = () => new Promise((ok) => {
	const s = net.createServer().listen(0, '127.0.0.1', () => {
		const { port } = s.address();
		s.close(() => ok(port));
	});
});

const PROGRAM = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto', '/usr/local/sbin/mosquitto'].find(existsSync);

export class Broker {
	constructor(dir) {
		this.dir = dir;
		this.ca = join(dir, 'broker-ca.pem');
	}

	/** Files once; the same port after each stop. */
	async start() {
		if (!this.port) {
			this.port = await freePort();
			execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
				'-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
				'-keyout', join(this.dir, 'broker-key.pem'), '-out', this.ca], { stdio: 'ignore' });
			writeFileSync(join(this.dir, 'broker-users'), 'depot:van-secret\n', { mode: 0o600 });
			execFileSync('mosquitto_passwd', ['-U', join(this.dir, 'broker-users')], { stdio: 'ignore' });
			writeFileSync(join(this.dir, 'password'), 'van-secret\n', { mode: 0o600 });
			writeFileSync(join(this.dir, 'mosquitto.conf'), `user ${process.getuid() === 0 ? 'root' : process.env.USER}
listener ${this.port} 127.0.0.1
certfile ${this.ca}
keyfile ${join(this.dir, 'broker-key.pem')}
allow_anonymous false
password_file ${join(this.dir, 'broker-users')}
persistence true
persistence_location ${this.dir}/
log_dest file ${join(this.dir, 'broker.log')}
`);
		}
		this.child = spawn(PROGRAM, ['-c', join(this.dir, 'mosquitto.conf')], { stdio: 'ignore' });
		this.exited = new Promise((r) => this.child.on('exit', r));
		await until('the broker to listen', async () => {
			const p = await new Publisher(this).connect();
			p.end();
			return true;
		});
		return this;
	}

	stop(signal = 'SIGTERM') {
		this.child?.kill(signal);
		return this.exited;
	}
}

const text = (s) => {
	const b = Buffer.from(s);
	return Buffer.concat([Buffer.from([b.length >> 8, b.length & 255]), b]);
};

function packet(type, ...parts) {
	const body = Buffer.concat(parts);
	const head = [type];
	let n = body.length;
	do {
		head.push((n & 127) | (n > 127 ? 128 : 0));
		n >>= 7;
	} while (n);
	return Buffer.concat([Buffer.from(head), body]);
}

export class Publisher {
	constructor(broker) {
		this.broker = broker;
		this.waiting = new Map();
		this.id = 0;
	}

	connect() {
		return new Promise((ok, bad) => {
			let data = Buffer.alloc(0);
			this.socket = tls.connect({ host: '127.0.0.1', port: this.broker.port, servername: 'localhost',
				ca: readFileSync(this.broker.ca) }, () => this.socket.write(packet(0x10, text('MQTT'),
				Buffer.from([4, 0xc2, 0, 60]), text(`test-${process.pid}-${Math.random()}`), text('depot'), text('van-secret'))));
			this.socket.on('error', bad);
			this.socket.on('data', (d) => {
				data = Buffer.concat([data, d]);
				while (data.length >= 4) {
					if (data[0] === 0x20) data[3] === 0 ? ok(this) : bad(new Error(`refused: ${data[3]}`));
					if (data[0] === 0x40) this.waiting.get(data.readUInt16BE(2))?.();
					data = data.subarray(2 + data[1]);
				}
			});
		});
	}

	/** Publishes with QoS 1; resolves when the broker has it. */
	publish(topic, body, retain = false) {
		const id = (this.id = (this.id % 65535) + 1);
		const done = new Promise((ok) => this.waiting.set(id, ok));
		this.socket.write(packet(0x32 | (retain ? 1 : 0), text(topic), Buffer.from([id >> 8, id & 255]),
			Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))));
		return done;
	}

	end() {
		this.socket?.destroy();
	}
}
