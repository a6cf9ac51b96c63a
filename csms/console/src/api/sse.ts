/*
 * Server-sent events over fetch. The browser's own EventSource hides comments and HTTP status; the
 * page needs both: heartbeats are comments, and a 401 means sign in again.
 */
import { cookies, inWords, whoAsks } from "./client.ts";

export interface StreamEvent {
	type: string;
	id: string;
	data: string;
}

/* Takes text in any pieces and gives whole events; comments are dropped. */
export class EventParser {
	lastId = "";
	private rest = "";
	private looked = 0; /* so much of it holds no end of a line: it is not looked through again */
	private type = "";
	private data: string[] = [];

	push(text: string): StreamEvent[] {
		const events: StreamEvent[] = [];
		const rest = this.rest + text;
		const ends = /\r\n|\n|\r(?!$)/g; /* a CR at the end may be half a CRLF */
		ends.lastIndex = this.looked;
		let from = 0;
		for (let end = ends.exec(rest); end; end = ends.exec(rest)) {
			const event = this.line(rest.slice(from, end.index));
			if (event) events.push(event);
			from = ends.lastIndex;
		}
		this.rest = rest.slice(from);
		this.looked = this.rest.endsWith("\r") ? this.rest.length - 1 : this.rest.length;
		return events;
	}

	private line(line: string): StreamEvent | undefined {
		if (line === "") return this.dispatch();
		const colon = line.indexOf(":");
		if (colon === 0) return undefined;
		const field = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
		if (field === "event") this.type = value;
		else if (field === "data") this.data.push(value);
		else if (field === "id" && !value.includes("\0")) this.lastId = value;
		return undefined;
	}

	private dispatch(): StreamEvent | undefined {
		const { type, data } = this;
		this.type = "";
		this.data = [];
		if (data.length === 0) return undefined;
		return { type: type || "message", id: this.lastId, data: data.join("\n") };
	}
}

export class StreamEnded extends Error {
	constructor(readonly status: number) {
		super(`stream ended (${status})`);
	}
}

/* Reads one connection until it ends, which always throws. Silence of `quietMs` ends it too:
 * `onBytes` hears of every piece, heartbeats included. */
export async function readStream(url: string, lastId: string, quietMs: number, stop: AbortSignal,
	onBytes: () => void, onEvent: (event: StreamEvent) => void): Promise<never> {
	const abort = new AbortController();
	const cancel = () => abort.abort();
	stop.addEventListener("abort", cancel);
	let timer = setTimeout(cancel, quietMs);
	try {
		const headers: Record<string, string> = { accept: "text/event-stream", "accept-language": inWords(), ...whoAsks() };
		if (lastId) headers["last-event-id"] = lastId;
		const reply = await fetch(url, {
			headers, credentials: cookies(), cache: "no-store", signal: abort.signal,
		});
		if (!reply.ok || !reply.body) throw new StreamEnded(reply.status);
		const parser = new EventParser();
		const text = new TextDecoder();
		const reader = reply.body.getReader();
		for (;;) {
			const { done, value } = await reader.read();
			if (done) throw new StreamEnded(200);
			clearTimeout(timer);
			timer = setTimeout(cancel, quietMs);
			onBytes();
			for (const event of parser.push(text.decode(value, { stream: true }))) onEvent(event);
		}
	} finally {
		clearTimeout(timer);
		stop.removeEventListener("abort", cancel);
		abort.abort();
	}
}
