// Certification cases of a CSMS, block L: firmware.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { block, certify, command, ended, endedWhole, exchange, get, goesOn, pathOf, shows, until, view } from './harness.mjs';
import { signedBy } from './pki.mjs';
import { WAYS } from './station.mjs';

block({ prepare: (depotd) => depotd.api('PUT', '/manufacturer-roots/nobody', { certificate: MAKER.root }) });

// -- L01: secure update ---------------------------------------------------------------------------

const inSeconds = (s) => new Date(Math.ceil(Date.now() / 1000 + s) * 1000).toISOString();

const IMAGE = Buffer.from('the new firmware of a charging station');

/** A certificate of the manufacturer, and its signature of the image. */
const MAKER = signedBy('Nobody firmware signing', IMAGE);

const firmware = (more = {}) => ({
	location: 'https://firmware.example/nobody/2.0.1.bin', retrieveDateTime: inSeconds(0),
	...MAKER.signed, ...more,
});

const plain = (x) => JSON.parse(JSON.stringify(x), (k, v) => /DateTime$/.test(k) ? Date.parse(v) : v);

/** Asks for an update; checks that just this was sent. [request, command] */
async function update(s, status = 'Accepted', more = {}) {
	const payload = { retries: 2, retryInterval: 60, firmware: firmware(more) };
	const [q, k] = await exchange(s, 'UpdateFirmware', payload, { status });
	const { requestId, ...rest } = q;
	assert.ok(Number.isInteger(requestId) && requestId === k.request_id);
	assert.deepEqual(plain(rest), plain(payload));
	assert.ok(q.firmware.signingCertificate && q.firmware.signature, 'L01.FR.11');
	return [q, k];
}

/** The station tells how far it is; before the last the operator is shown each. */
async function tells(s, { requestId }, k, ...statuses) {
	for (const status of statuses) {
		assert.deepEqual(await s.call('FirmwareStatusNotification', { status, requestId }), {});
		await until(`${status} to be shown`, async () => (await command(k)).status === status);
	}
}

const GOOD = ['Downloading', 'Downloaded', 'SignatureVerified', 'Installing', 'InstallRebooting'];

/** Boots with the new firmware. */
async function reboots(s) {
	await s.close();
	await s.connect();
	const r = await s.boot('FirmwareUpdate', { firmwareVersion: '2.0.1-new' });
	assert.equal(r.status, 'Accepted');
	await s.statuses('Available');
	await shows(s, 'Available');
}

/** Installs, boots and reports Installed. */
async function installs(s, q, k, statuses = GOOD) {
	await tells(s, q, k, ...statuses);
	await goesOn(k); // Accepted is not the end, nor is the boot: Installed is
	await reboots(s);
	await tells(s, q, k, 'Installed');
	await ended(k);
	assert.equal((await view(s)).firmware, '2.0.1-new');
}

certify('L_01', { ways: WAYS }, async (s) => {
	const [q, k] = await update(s);
	await installs(s, q, k);
});

certify('L_02', { ways: WAYS }, async (s) => {
	const [q, k] = await update(s, 'Accepted', { installDateTime: inSeconds(1) });
	assert.ok(Date.parse(q.firmware.installDateTime) > Date.now());
	await tells(s, q, k, 'Downloading', 'Downloaded', 'SignatureVerified', 'InstallScheduled');
	await until('its time', () => Date.now() >= Date.parse(q.firmware.installDateTime));
	await installs(s, q, k, ['Installing', 'InstallRebooting']);
});

certify('L_03', { ways: WAYS }, async (s) => {
	const [q, k] = await update(s, 'Accepted', { retrieveDateTime: inSeconds(1) });
	assert.ok(Date.parse(q.firmware.retrieveDateTime) > Date.now());
	await tells(s, q, k, 'DownloadScheduled');
	await until('its time', () => Date.now() >= Date.parse(q.firmware.retrieveDateTime));
	await installs(s, q, k);
});

/** A security event, which the operator is shown. */
async function securityEvent(s, type) {
	assert.deepEqual(await s.call('SecurityEventNotification', { type, timestamp: new Date().toISOString() }), {});
	await until(`${type} to be shown`, async () =>
		(await get(`${pathOf(s)}/security-events`)).events.some((e) => e.type === type));
}

certify('L_04', {}, async (s) => {
	const [, k] = await update(s, 'RevokedCertificate');
	assert.equal((await ended(k, 'refused')).status, 'RevokedCertificate');
});

certify('L_05', {}, async (s) => {
	const [, k] = await update(s, 'InvalidCertificate');
	assert.equal((await ended(k, 'refused')).status, 'InvalidCertificate');
	await securityEvent(s, 'InvalidFirmwareSigningCertificate');
});

/** Goes wrong after these statuses with the last of them. */
async function fails(s, ...statuses) {
	const [q, k] = await update(s);
	await tells(s, q, k, ...statuses);
	assert.equal((await ended(k, 'failed')).status, statuses.at(-1));
}

certify('L_06', {}, async (s) => {
	await fails(s, 'Downloading', 'Downloaded', 'InvalidSignature');
	await securityEvent(s, 'InvalidFirmwareSignature');
});

certify('L_07', {}, (s) => fails(s, 'Downloading', 'DownloadFailed'));

certify('L_08', {}, (s) =>
	fails(s, 'Downloading', 'Downloaded', 'SignatureVerified', 'Installing', 'InstallVerificationFailed'));

certify('L_09', { ways: WAYS }, async (s) => {
	const [q, k] = await update(s);
	await tells(s, q, k, ...GOOD);
	await reboots(s);
	await tells(s, q, k, 'InstallationFailed');
	assert.equal((await ended(k, 'failed')).status, 'InstallationFailed');
});

certify('L_10', { ways: WAYS }, async (s) => {
	const [first, k] = await update(s);
	await tells(s, first, k, 'Downloading');
	const [second, l] = await update(s, 'AcceptedCanceled', { location: 'https://firmware.example/nobody/2.0.2.bin' });
	assert.notEqual(second.requestId, first.requestId);
	await ended(k, 'cancelled'); // L01.FR.24
	await installs(s, second, l);
});

certify('L_11', { ways: WAYS }, async (s) => {
	const [first, k] = await update(s);
	await tells(s, first, k, 'Downloading');
	const [, l] = await update(s, 'Rejected', { location: 'https://firmware.example/nobody/2.0.2.bin' });
	await ended(l, 'refused'); // L01.FR.27: the first goes on
	await installs(s, first, k, GOOD.slice(1));
});

certify('L_13', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	const [q, k] = await update(s);
	await tells(s, q, k, 'DownloadScheduled');
	await s.status('Unavailable', 2); // where no transaction runs
	await shows(s, 'Unavailable', 2);
	await s.evDisconnected();
	await endedWhole(s, 'EVDisconnected');
	await installs(s, q, k);
});

// -- L03, L04: a local controller publishes -------------------------------------------------------

const CHECKSUM = createHash('md5').update(IMAGE).digest('hex');
const LOCATION = 'https://firmware.example/nobody/2.0.1.bin';

async function publish(s, ...statuses) {
	const payload = { location: LOCATION, checksum: CHECKSUM, retries: 1, retryInterval: 30 };
	const [q, k] = await exchange(s, 'PublishFirmware', payload, { status: 'Accepted' });
	const { requestId, ...rest } = q;
	assert.deepEqual(rest, payload);
	for (const status of statuses) {
		await goesOn(k);
		assert.deepEqual(await s.call('PublishFirmwareStatusNotification', {
			status, requestId, ...(status === 'Published' && { location: ['http://192.0.2.7/2.0.1.bin'] }),
		}), {});
		await until(`${status} to be shown`, async () => (await command(k)).status === status);
	}
	await ended(k, statuses.at(-1) === 'Published' ? 'done' : 'failed');
}

certify('L_17', {}, (s) => publish(s, 'Downloading', 'Downloaded', 'ChecksumVerified', 'Published'));
certify('L_19', {}, (s) => publish(s, 'Downloading', 'Downloaded', 'InvalidChecksum'));
certify('L_20', {}, (s) => publish(s, 'Downloading', 'Downloaded', 'ChecksumVerified', 'PublishFailed'));
certify('L_24', {}, (s) => publish(s, 'Downloading', 'DownloadFailed'));

const UNPUBLISH = { L_21: ['Unpublished', 'done'], L_22: ['NoFirmware', 'refused'], L_23: ['DownloadOngoing', 'refused'] };

for (const [number, [status, state]] of Object.entries(UNPUBLISH))
	certify(number, {}, async (s) => {
		const [q, k] = await exchange(s, 'UnpublishFirmware', { checksum: CHECKSUM }, { status });
		assert.deepEqual(q, { checksum: CHECKSUM });
		assert.equal((await ended(k, state)).status, status);
	});
