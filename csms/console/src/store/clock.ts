/*
 * The server's clock, read through what it sends. A message is never newer than the server's own
 * now, so the newest estimate of the last minute that lies furthest ahead is the best one: late
 * deliveries cannot turn the clock back, and a slow drift is still followed.
 */
export class ServerClock {
	private samples: { offset: number; at: number }[] = [];
	private speed = 1;

	/* `atMs` server time in a message that came at `localMs` of a monotonic local clock. */
	observe(atMs: number, localMs: number, speed: number): void {
		if (!Number.isFinite(atMs)) return;
		if (speed !== this.speed) this.samples = [];
		this.speed = speed;
		this.samples = this.samples.filter((s) => localMs - s.at < 60_000);
		this.samples.push({ offset: atMs - localMs * speed, at: localMs });
		if (this.samples.length > 240) this.thin();
	}

	/* Starts anew: a snapshot after a gap may come from another process with another origin. */
	reset(): void {
		this.samples = [];
	}

	/* Server time in ms, or undefined before the first message. */
	now(localMs: number): number | undefined {
		if (this.samples.length === 0) return undefined;
		return Math.max(...this.samples.map((s) => s.offset)) + localMs * this.speed;
	}

	private thin(): void {
		const best = this.samples.reduce((a, b) => (b.offset > a.offset ? b : a));
		this.samples = [best, ...this.samples.slice(-120)];
	}
}
