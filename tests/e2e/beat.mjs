// A thread that sends Heartbeats one after the other and notes how long each took: measured away
// from the thread that makes the load.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { Station, percentile, register } from './peer.mjs';
import { sleep } from './harness.mjs';

/** Begins; `stop()` returns the times in ms. */
export async function beat(depotd, id) {
	await register(depotd, id);
	const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { ports: depotd.ports, id } });
	const next = () => new Promise((ok, bad) => worker.once('message', ok).once('error', bad));
	await next();
	return {
		async stop() {
			const took = next();
			worker.postMessage('stop');
			return took;
		},
	};
}

/** Nobody waited: at least `least` Heartbeats, 99 of 100 within `limit` ms, more where others want the processors too. */
export function assertCalm(took, what, { least = 30, limit: quiet = 250 } = {}) {
	const limit = quiet * Math.max(1, loadavg()[0] / cpus().length);
	const p99 = percentile(took, 0.99);
	console.log(`# heartbeats ${what}: ${took.length}, p99 ${p99.toFixed(1)} ms, longest ${Math.max(...took).toFixed(1)} ms`);
	assert.ok(took.length >= least, `only ${took.length} heartbeats ${what}`);
	assert.ok(p99 < limit, `p99 ${p99.toFixed(1)} ms ${what}`);
}

async function main({ ports, id }) {
	const s = await new Station({ ports }, id).connect();
	const took = [];
	let on = true;
	await s.boot();
	parentPort.once('message', () => (on = false));
	parentPort.postMessage('ready');
	while (on) {
		const begin = performance.now();
		await s.call('Heartbeat', {});
		took.push(performance.now() - begin);
		await sleep(10);
	}
	await s.close();
	parentPort.postMessage(took);
	parentPort.unref?.();
}

if (!isMainThread && workerData?.ports) await main(workerData);
