// Certification cases of a CSMS, block C: authorisation.
import { after } from 'node:test';
import assert from 'node:assert/strict';
import { Responder } from '../contract/responder.mjs';
import { block, certify, ended, endedWhole, exchange, operator, token, transaction, until } from './harness.mjs';
import { WAYS } from './station.mjs';

const GROUP = 'FAMILY-1';
const MASTER = 'MASTERPASS-GROUP';

const ocsp = await new Responder().start();

block({ config: `trust: {ocsp_hosts: ["127.0.0.1:${ocsp.port}"], ocsp_timeout_ms: 10000, contract_ms: 20000}\n` });
after(() => ocsp.stop());

const status = async (s, idToken) => (await s.call('Authorize', { idToken })).idTokenInfo.status;

// -- C01: who may not -----------------------------------------------------------------------------

certify('C_02', {}, async (s) => {
	assert.match(await status(s, { idToken: 'NOBODYS', type: 'ISO14443' }), /^(Invalid|Unknown)$/);
});

certify('C_06', {}, async (s) => {
	const card = await token('BLOCKED1', { status: 'Blocked' });
	assert.match(await status(s, card), /^(Blocked|Invalid)$/);
});

certify('C_07', {}, async (s) => {
	const card = await token('EXPIRED1', { expires: new Date(Date.now() - 86400000).toISOString() });
	assert.match(await status(s, card), /^(Expired|Invalid)$/);
	assert.match(await status(s, await token('EXPIRED2', { status: 'Expired' })), /^(Expired|Invalid)$/);
});

// -- C12: what the station's cache says is judged again -------------------------------------------

certify('C_08', { ways: WAYS }, async (s) => {
	await s.evConnected();
	const r = await s.event('Updated', 'Authorized', { idToken: s.token });
	assert.equal(r.idTokenInfo.status, 'Accepted');
	const t = await transaction(s);
	assert.deepEqual([t.token, t.token_status], [s.token.idToken, 'Accepted']);
});

certify('C_20', { ways: WAYS }, async (s) => {
	await s.evConnected();
	const r = await s.event('Updated', 'Authorized', { idToken: { idToken: 'NOBODYS', type: 'ISO14443' } });
	assert.match(r.idTokenInfo.status, /^(Invalid|Unknown)$/);
	assert.equal((await transaction(s)).token_status, r.idTokenInfo.status, 'not believed, but written down');
});

// -- C11: clearing the cache ----------------------------------------------------------------------

certify('C_37', {}, async (s) => {
	const [q, k] = await exchange(s, 'ClearCache', {}, { status: 'Accepted' });
	assert.deepEqual(q, {});
	await ended(k);
});

certify('C_38', {}, async (s) => {
	const [, k] = await exchange(s, 'ClearCache', {}, { status: 'Rejected' });
	assert.equal((await ended(k, 'refused')).status, 'Rejected');
});

// -- C09: groups ----------------------------------------------------------------------------------

/** Accepted, and of this group. */
function accepted({ idTokenInfo }, group = GROUP) {
	assert.equal(idTokenInfo?.status, 'Accepted');
	assert.equal(idTokenInfo.groupIdToken?.idToken, group);
}

/** Two cards of one group that are used only here. */
async function pair(s) {
	s.token = await token(`${s.token.idToken}1`.slice(-36), { group: GROUP });
	return token(`${s.token.idToken}2`.slice(-36), { group: GROUP });
}

certify('C_39', { ways: WAYS }, async (s) => {
	const other = await pair(s);
	await s.evConnected();
	accepted(await s.call('Authorize', { idToken: s.token }));
	accepted(await s.event('Updated', 'Authorized', { idToken: s.token }));
	s.state.authorized = true;
	await s.energyTransferStarted();
	accepted(await s.call('Authorize', { idToken: other }));
	accepted(await s.stopAuthorized(other));
	await s.evConnectedPostSession();
	await s.evDisconnected();
	await endedWhole(s, 'EVDisconnected');
});

/** Both cards stand in the station's local list, as the operator sent it. */
async function inLocalList(s, first, second, secondStatus = 'Accepted') {
	const groupIdToken = { idToken: GROUP, type: 'Central' };
	const [q, k] = await exchange(s, 'SendLocalList', {
		versionNumber: 1, updateType: 'Full', localAuthorizationList: [
			{ idToken: first, idTokenInfo: { status: 'Accepted', groupIdToken } },
			{ idToken: second, idTokenInfo: { status: secondStatus, groupIdToken } },
		],
	}, { status: 'Accepted' });
	assert.equal(q.localAuthorizationList.length, 2);
	await ended(k);
}

certify('C_40', { ways: WAYS }, async (s) => {
	const other = await pair(s);
	await inLocalList(s, s.token, other);
	await s.evConnected();
	accepted(await s.event('Updated', 'Authorized', { idToken: s.token }));
	s.state.authorized = true;
	await s.energyTransferStarted();
	accepted(await s.stopAuthorized(other));
	await s.evConnectedPostSession();
	await s.evDisconnected();
	await endedWhole(s, 'EVDisconnected');
});

certify('C_43', { ways: WAYS }, async (s) => {
	const other = await pair(s);
	await inLocalList(s, s.token, other, 'Invalid');
	await s.evConnected();
	accepted(await s.event('Updated', 'Authorized', { idToken: s.token }));
	s.state.authorized = true;
	await s.energyTransferStarted();
	// the list says that the second card is not valid, so the station asks
	accepted(await s.call('Authorize', { idToken: other }));
	accepted(await s.stopAuthorized(other));
	await s.evConnectedPostSession();
	await s.evDisconnected();
	await endedWhole(s, 'EVDisconnected');
});

// -- C16: master pass -----------------------------------------------------------------------------

/** Charging on both EVSEs with two cards; the transactions, and the master's card. */
async function bothCharge(s) {
	const second = await token(`${s.token.idToken}2`.slice(-36));
	const master = await token(`${s.token.idToken}M`.slice(-36), { group: MASTER });
	await s.energyTransferStarted();
	const one = s.putAside();
	await s.energyTransferStarted({ token: second, evse: { id: 2, connectorId: 1 } });
	return { one, two: s.putAside(), master };
}

/** Presents the master's card, then stops these transactions with it. */
async function stopBy(s, master, transactions) {
	accepted(await s.call('Authorize', { idToken: master }), MASTER);
	for (const t of transactions) {
		s.takeUp(t);
		accepted(await s.end('StopAuthorized', { stoppedReason: 'MasterPass' }, { idToken: master }), MASTER);
		await endedWhole(s, 'MasterPass');
	}
}

certify('C_47', { ways: WAYS }, async (s) => {
	const { one, two, master } = await bothCharge(s);
	await stopBy(s, master, [one, two]);
});

certify('C_48', { ways: WAYS }, async (s) => {
	const { one, two, master } = await bothCharge(s);
	await stopBy(s, master, [two]);
	assert.equal((await transaction(s, one.tx.id)).state, 'open', 'the other one goes on');
});

certify('C_49', { ways: WAYS }, async (s) => {
	const { one, two, master } = await bothCharge(s);
	await stopBy(s, master, [one, two]);
});

// -- C07: contract certificates (ISO 15118) --------------------------------------------------------

/** The station's token is that contract. */
async function contract(s, emaid) {
	s.token = await token(emaid, { type: 'eMAID' });
	await s.evConnected();
	ocsp.asked.length = 0;
}

let loaded = 1;

/** The lab's contracts are believed; what OCSP answered before is forgotten. */
async function trustLab(depotd) {
	await operator('PUT', '/contract-roots/mo/lab', { certificates: ocsp.file('mo-roots.pem') });
	await until('the roots to be in force', () => (depotd.logged().match(/roots are believed/g) ?? []).length > loaded && ++loaded);
}

/** Authorize by what is known of the contract certificate; no answer of OCSP is kept. */
async function byContract(s, known) {
	await trustLab(s.depotd);
	const r = await s.call('Authorize', { idToken: s.token, ...known });
	assert.ok(ocsp.asked.includes('mo-sub2'), 'the responder of the contract certificate was asked');
	return [r.idTokenInfo.status, r.certificateStatus];
}

async function charges(s) {
	const r = await s.event('Updated', 'Authorized', { idToken: s.token });
	assert.equal(r.idTokenInfo.status, 'Accepted');
	s.state.authorized = true;
	await s.energyTransferStarted();
}

certify('C_50', {}, async (s) => {
	await contract(s, 'NLLABC00000001');
	assert.deepEqual(await byContract(s, { iso15118CertificateHashData: ocsp.hashes('contract') }), ['Accepted', 'Accepted']);
	await charges(s);
});

certify('C_51', {}, async (s) => {
	await contract(s, 'NLLABC00000002');
	assert.deepEqual(await byContract(s, { iso15118CertificateHashData: ocsp.hashes('contract-revoked') }),
		['Invalid', 'CertificateRevoked']);
});

certify('C_52', {}, async (s) => {
	await contract(s, 'NLLABC00000001');
	assert.deepEqual(await byContract(s, { certificate: ocsp.file('contract-chain.pem') }), ['Accepted', 'Accepted']);
	await charges(s);
});
