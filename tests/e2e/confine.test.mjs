/* What depotd gives up when it starts: root's rights, system calls, core files. And its systemd unit. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, Depotd } from './harness.mjs';

const depot = `
depot: confined
name: Confined
timezone: UTC
nodes: [{id: site, kind: site, limit_w: 50000}]
`;
const status = (d) => Object.fromEntries(readFileSync(`/proc/${d.child.pid}/status`, 'utf8').split('\n').map((l) => l.split(':\t')).filter((p) => p[1]));
/* Field 19 of a thread's stat is its nice: the loop's as it was, the store's and others' behind it. */
function assertLoopGoesFirst(d) {
	const task = `/proc/${d.child.pid}/task`;
	const nice = (tid) => Number(readFileSync(`${task}/${tid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[16]);
	const loop = nice(d.child.pid), others = readdirSync(task).filter((tid) => tid !== String(d.child.pid)).map((tid) => nice(tid) - loop);
	assert.ok(others.includes(5) && others.filter((n) => n === 10).length > 1, `threads stand ${others.join()} behind the loop`);
}

const isRoot = process.getuid() === 0;

test('no new rights, a filter of system calls in every thread, no core file', async (t) => {
	const d = await new Depotd({ depot }).start();
	t.after(() => d.clean());
	const s = status(d);
	assert.equal(s.NoNewPrivs, '1');
	assert.equal(s.Seccomp, '2');
	assert.match(readFileSync(`/proc/${d.child.pid}/limits`, 'utf8'), /Max core file size +0 +0/);
	const threads = spawnSync('sh', ['-c', `grep -h ^Seccomp: /proc/${d.child.pid}/task/*/status`], { encoding: 'utf8' }).stdout.trim().split('\n');
	assert.ok(threads.length > 1 && threads.every((l) => l === 'Seccomp:\t2'), threads.join());
	assertLoopGoesFirst(d);
	assert.equal((await d.api('GET', '/readyz')).status, 200);
});

test('started by root it becomes another user, who may still listen below 1024', { skip: !isRoot && 'only root can give up being root' }, async (t) => {
	const d = new Depotd({ depot, config: 'run_as: nobody\n' });
	t.after(() => d.clean());
	chmodSync(d.dir, 0o755);
	await d.start();
	const s = status(d), nobody = spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).stdout.trim();
	assert.deepEqual(s.Uid.split('\t'), [nobody, nobody, nobody, nobody]);
	assert.equal(BigInt(`0x${s.CapEff}`), 1n << 10n, 'CAP_NET_BIND_SERVICE alone');
	assert.equal(BigInt(`0x${s.CapInh}`) | BigInt(`0x${s.CapAmb}`), 0n, 'and no program that it starts has it');
	assert.equal(String(statSync(join(d.data, 'depot.db')).uid), nobody);
	assert.equal(statSync(d.data).mode & 0o777, 0o700);
	assertLoopGoesFirst(d);
	assert.equal((await d.api('GET', '/readyz')).status, 200);
});

test('a user that is not there, and root, are refused with what to do', { skip: !isRoot && 'only root can give up being root' }, (t) => {
	for (const [name, words] of [['no-such-user', /there is no user no-such-user: make one with adduser/], ['root', /that is root, not a user/]]) {
		const d = new Depotd({ depot, config: `run_as: ${name}\n` });
		t.after(() => d.clean());
		const r = spawnSync(join(BUILD, 'depotd'), ['--config', join(d.dir, 'depotd.yaml'), '--data', d.data], { encoding: 'utf8', timeout: 20000 });
		assert.equal(r.status, 1);
		assert.match(r.stderr, words);
	}
});

test('the systemd unit exposes 2.0 at most', () => {
	const r = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', '--no-pager', 'etc/depotd.service'], { encoding: 'utf8' });
	assert.equal(r.status, 0, r.stdout + r.stderr);
	assert.match(r.stdout, /Overall exposure level for depotd.service: [01]\.\d/);
});
