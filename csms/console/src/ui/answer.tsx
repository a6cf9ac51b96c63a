/*
 * What a page shows of a question to depotd, the same on every page. While the answer is not there:
 * grey shapes, and not a word about the depot. If it fails: what is missing, that charging goes on
 * without this page, and a button that asks again; what came before stays, and is called old. Empty is
 * said by the page, once the answer says so.
 */
import type { ComponentChildren } from "preact";
import type { Asked } from "../lib/ask.ts";
import { say } from "../messages/say.ts";
import { Panel } from "./panel.tsx";
import { useIsLong } from "./skeleton.tsx";

type Question = Pick<Asked<unknown>, "data" | "error" | "status" | "again">;

/* Shapes of a few rows. */
function Waiting() {
	if (!useIsLong()) return null;
	return (
		<div class="pad waiting" aria-busy="true">
			<p class="vh" role="status">{say.loading}</p>
			<div class="sk" /><div class="sk" /><div class="sk" />
		</div>
	);
}

/* A 409 is an answer: depotd says why there is none. */
function Failed({ of }: { of: Question }) {
	if (of.status === 409) return <p class="pad-line">{of.error}</p>;
	const isForbidden = of.status === 403;
	return (
		<div class="failed" data-failed role="alert">
			<p><b>{isForbidden ? say.answerNotYours : of.data === undefined ? say.answerMissing : say.answerOld}</b>{" "}{!isForbidden && say.answerStep}</p>
			<p class="cap">{of.error}</p>
			<p><button type="button" class="btn" onClick={of.again}>{say.answerAgain}</button></p>
		</div>
	);
}

/* Stands where the answer will stand: shapes, failure, or nothing once it is there. */
export function Answer({ of }: { of: Question }) {
	if (of.error !== undefined) return <Failed of={of} />;
	return of.data === undefined ? <Waiting /> : null;
}

export interface Said {
	sentence?: string | undefined;
	sub?: string | undefined;
}

/* The first sentence of a page is depotd's; until it came the page has its name, which claims nothing. */
export function Heading({ said, name, children }: { said: Said | undefined; name: string; children?: ComponentChildren }) {
	return (
		<div class="say" aria-live="polite">
			<h1>{said?.sentence ?? name}</h1>
			{said?.sub !== undefined && said.sub !== "" && <p class="sub">{said.sub}</p>}
			{children}
		</div>
	);
}

/* A page that is one answer: its heading, and what is made of it. `rest` waits for nothing. */
export function AnswerPage<T extends Said>({ of, name, children, rest }: {
	of: Asked<T>; name: string; children: (data: T) => ComponentChildren; rest?: ComponentChildren;
}) {
	return (
		<div class="page">
			<Heading said={of.data} name={name} />
			{(of.data === undefined || of.error !== undefined) && <Panel id="answer" title={name}><Answer of={of} /></Panel>}
			{of.data !== undefined && children(of.data)}
			{rest}
		</div>
	);
}
