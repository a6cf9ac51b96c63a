/*
 * The HTTP API: JSON in and out, problem+json as errors, the session's token on unsafe methods.
 */
import type { PowerSeries, Problem, Session } from "./types.ts";
import type { SignInPost } from "./types_people.ts";

export const API = "/api/v1";

/* depotd says its sentences in the language of the page. */
export const inWords = (): string => (typeof document === "undefined" ? "en" : document.documentElement.lang);

export class ApiError extends Error {
	constructor(readonly status: number, readonly title: string, readonly detail?: string, readonly path?: string) {
		super(detail ? `${title}: ${detail}` : title);
	}
}

let csrf = "";
let bearer: string | undefined;

/* From now on this page asks with a token of its own, and with no session of the browser. */
export function useToken(token: string): void {
	bearer = token;
}

/* Who asks: headers of every request, the stream's too. */
export const whoAsks = (): Record<string, string> => (bearer === undefined ? {} : { authorization: `Bearer ${bearer}` });
export const cookies = (): RequestCredentials => (bearer === undefined ? "same-origin" : "omit");

async function toError(reply: Response): Promise<ApiError> {
	try {
		const problem = (await reply.json()) as Partial<Problem>;
		return new ApiError(reply.status, problem.title ?? reply.statusText, problem.detail, problem.path);
	} catch {
		return new ApiError(reply.status, reply.statusText || String(reply.status));
	}
}

async function call<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
	const headers: Record<string, string> = { accept: "application/json", "accept-language": inWords(), ...whoAsks() };
	if (body !== undefined) headers["content-type"] = "application/json";
	if (method !== "GET" && csrf) headers["x-csrf-token"] = csrf;
	if (key !== undefined) headers["idempotency-key"] = key;
	const reply = await fetch(API + path, {
		method,
		headers,
		credentials: cookies(),
		cache: "no-store",
		signal: AbortSignal.timeout(15_000),
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	if (!reply.ok) throw await toError(reply);
	return (await reply.json()) as T;
}

function keep(session: Session): Session {
	csrf = session.csrf;
	return session;
}

export function get<T>(path: string): Promise<T> {
	return call<T>("GET", path);
}

/* A command: what it answers is what became of it. With a `key` that was used before it is not done
 * twice: the first answer comes again. */
export function command<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown, key?: string): Promise<T> {
	return call<T>(method, path, body, key);
}

export async function signIn(code: string): Promise<Session> {
	return keep(await call<Session>("POST", "/sign-in", { code }));
}

/* By name and password, with the code of a second factor where one is needed. */
export async function signInBy(post: SignInPost): Promise<Session> {
	return keep(await call<Session>("POST", "/sign-in", post));
}

export async function getSession(): Promise<Session> {
	return keep(await call<Session>("GET", "/session"));
}

export function getPower(fromMs: number, toMs: number, stepS: number): Promise<PowerSeries> {
	const iso = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
	return call<PowerSeries>("GET", `/power?from=${iso(fromMs)}&to=${iso(toMs)}&step=${stepS}`);
}
