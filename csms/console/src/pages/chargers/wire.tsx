/*
 * What the charger and depotd said to each other: a line is a request with its reply, newest first.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type { WirePage, WirePair } from "../../api/types.ts";
import { get } from "../../api/client.ts";
import { useAsked, words } from "../../lib/ask.ts";
import { clockSeconds, decimal, duration } from "../../lib/format.ts";
import { fromLocal } from "../../lib/local_clock.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { ALL_WIRE, gistOfPair, isOdd, mergedPairs, pairKey, passesWire, pretty, replyOf, type WireChoice, wireQuery } from "../../store/wire.ts";
import { now, zone } from "../../store/store.ts";
import { Failure, isAllowedTo } from "../../ui/act.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";

const EVERY_MS = 2000;
const KEPT = 1000;

function latency(p: WirePair): string {
	if (p.latency_ms === undefined) return "";
	return p.latency_ms < 10_000 ? `${decimal(p.latency_ms, 0)}\u202f${say.unitMs}` : duration(p.latency_ms / 1000);
}

function Copy({ text }: { text: string }) {
	const [said, setSaid] = useState<string | undefined>(undefined);
	const copy = () => navigator.clipboard.writeText(text).then(() => setSaid(say.copied), () => setSaid(say.notCopied));
	return <button type="button" class="btn small" data-copy onClick={() => void copy()}>{said ?? say.copyWord}</button>;
}

/* Both bodies, and what was wrong with them. */
function Bodies({ p }: { p: WirePair }) {
	const isIn = p.direction === "in";
	return (
		<div class="bodies">
			<p class="cap mono">{isIn ? say.itAsked : say.weAsked}{p.message_id !== undefined && `, ${p.message_id}`}</p>
			<pre class="mono">{pretty(p.request)}</pre>
			{p.verdict !== undefined && <p class="failure">{p.verdict}</p>}
			<p class="cap mono">{p.reply === undefined ? say.noReplyYet : (isIn ? say.weAnswered : say.itAnswered)(latency(p))}</p>
			{p.reply !== undefined && <pre class="mono">{pretty(p.reply)}</pre>}
			{p.reply_verdict !== undefined && <p class="failure">{p.reply_verdict}</p>}
			<Copy text={`${p.at} ${p.direction} ${p.request}\n${p.reply ?? ""}`} />
		</div>
	);
}

const Line = memo(function Line({ p, isFirst }: { p: WirePair; isFirst: boolean }) {
	const [isOpen, setOpen] = useState(isFirst);
	const reply = replyOf(p, now.peek());
	const at = Date.parse(p.at);
	const word = reply.verdict === "no-reply" ? say.noReplyWord : reply.verdict === "waits" ? say.waitsWord
		: reply.word || (reply.verdict === "ok" ? say.okWord : say.oddWord);
	return (
		<li data-pair={p.message_id} class={isOpen ? "open" : ""}>
			<button type="button" class="line" data-row aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
				<time class="mono" dateTime={p.at}>{clockSeconds(at, zone.value)}.{String(at % 1000).padStart(3, "0")}</time>
				<span class="dir" aria-label={p.direction === "in" ? say.fromCharger : say.toCharger}>{p.direction === "in" ? "→" : "←"}</span>
				<span class="what"><b>{p.action ?? say.unreadable}</b> <span class="cap">{gistOfPair(p)}</span></span>
				<span class={isOdd(reply) ? "word st risk" : "word"}>{isOdd(reply) && <Icon name="risk" size={14} />} {word}</span>
				<span class="lat n">{latency(p)}</span>
			</button>
			{isOpen && <Bodies p={p} />}
		</li>
	);
});

interface ToolsProps {
	choice: WireChoice;
	set: (c: Partial<WireChoice>) => void;
	odd: number;
}

function Tools({ choice, set, odd }: ToolsProps) {
	const text = (name: "action" | "text" | "error", label: string) => (
		<label>{label} <input type="search" value={choice[name]} maxLength={60} spellcheck={false} onInput={(e) => set({ [name]: e.currentTarget.value })} /></label>
	);
	const time = (name: "from" | "to", label: string) => (
		<label>{label} <input type="datetime-local" step="1" value={choice[name]} onChange={(e) => set({ [name]: e.currentTarget.value })} /></label>
	);
	const isAll = choice.direction === "all" && !choice.isOddOnly && !choice.isQuiet;
	return (
		<>
			<div class="tools chips">
				<button type="button" class="btn" aria-pressed={isAll} onClick={() => set({ direction: "all", isOddOnly: false, isQuiet: false })}>{say.allWord}</button>
				<button type="button" class="btn" aria-pressed={choice.direction === "in"} onClick={() => set({ direction: choice.direction === "in" ? "all" : "in" })}>→ {say.fromCharger}</button>
				<button type="button" class="btn" aria-pressed={choice.direction === "out"} onClick={() => set({ direction: choice.direction === "out" ? "all" : "out" })}>← {say.toCharger}</button>
				<button type="button" class="btn" aria-pressed={choice.isOddOnly} onClick={() => set({ isOddOnly: !choice.isOddOnly })}>{say.oddOnly}{odd > 0 && ` ${odd}`}</button>
				<button type="button" class="btn" aria-pressed={choice.isQuiet} onClick={() => set({ isQuiet: !choice.isQuiet })}>{say.hideRoutine}</button>
			</div>
			<details class="more">
				<summary>{say.searchMore}</summary>
				<div class="form fields">
					{text("action", say.actionWord)}{text("text", say.containsWord)}{text("error", say.errorWord)}
					{time("from", say.fromTime)}{time("to", say.toTime)}
					<label class="tick">
						<input type="checkbox" checked={choice.isFaulty} onChange={(e) => set({ isFaulty: e.currentTarget.checked })} />
						<span>{say.faultyOnly}</span>
					</label>
				</div>
				<p class="cap">{say.timesAre(zone.value)}</p>
			</details>
		</>
	);
}

interface Kept {
	path: string;
	pairs: WirePair[];
	next: string | undefined; /* of the page before those; "": there is none; undefined: not known yet */
}

/* What was asked for, newest first; what is added while one looks stays. `isPaused`: nothing new.
 * `message`: one that is shown too, however old it is; "" none. */
function usePairs(station: string, choice: WireChoice, isPaused: boolean, message: string) {
	const path = wireQuery(station, choice, (t) => fromLocal(t, zone.value));
	const [kept, setKept] = useState<Kept>({ path, pairs: [], next: undefined });
	const [error, setError] = useState<string | undefined>(undefined);
	const asked = useAsked<WirePage>(isPaused ? undefined : path, EVERY_MS);
	useEffect(() => {
		if (!asked.data) return;
		const page = asked.data;
		setKept((old) => {
			const isSame = old.path === path;
			return {
				path, pairs: mergedPairs(isSame ? old.pairs : [], page.pairs ?? [], KEPT),
				next: isSame && old.next !== undefined ? old.next : (page.next ?? ""),
			};
		});
	}, [asked.data, path]);
	useEffect(() => {
		if (message === "") return;
		get<WirePage>(`/wire?pairs=1&limit=1&station=${encodeURIComponent(station)}&message_id=${encodeURIComponent(message)}`).then(
			(page) => setKept((old) => ({ ...old, pairs: mergedPairs(old.pairs, page.pairs ?? [], KEPT) })), (failure: unknown) => setError(words(failure)));
	}, [station, message]);
	const older = async () => {
		if (!kept.next) return;
		try {
			const page = await get<WirePage>(wireQuery(station, choice, (t) => fromLocal(t, zone.value), kept.next));
			setKept((old) => ({ ...old, pairs: mergedPairs(old.pairs, page.pairs ?? [], KEPT), next: page.next ?? "" }));
			setError(undefined);
		} catch (failure) {
			setError(words(failure));
		}
	};
	const mine = kept.path === path ? kept : undefined;
	return { pairs: mine?.pairs ?? [], isLoaded: mine?.next !== undefined, older: mine?.next ? older : undefined, error: error ?? asked.error };
}

function Log({ id }: { id: string }) {
	const wanted = useRef(new URLSearchParams(location.search).get("msg") ?? "");
	const [choice, setChoice] = useState<WireChoice>(ALL_WIRE);
	const [isPaused, setPaused] = useState(false);
	const log = usePairs(id, choice, isPaused, wanted.current);
	const set = (c: Partial<WireChoice>) => setChoice((old) => ({ ...old, ...c }));
	const shown = log.pairs.filter((p) => passesWire(p, choice, now.peek()));
	const odd = log.pairs.filter((p) => isOdd(replyOf(p, now.peek()))).length;
	return (
		<Panel id="wire" title={say.wireTitle}
			caption={<>{!isPaused && <i class="live-dot" aria-hidden="true" />} {isPaused ? say.paused : say.liveNewest}</>}
			end={(
				<>
					<button type="button" id="wire-pause" class="btn small" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>{isPaused ? say.goOn : say.pauseWord}</button>
					<a class="btn small" href={`/api/v1/wire/export?station=${encodeURIComponent(id)}`} download={`${id}.jsonl`}>{say.download}</a>
				</>
			)}>
			<Tools choice={choice} set={set} odd={odd} />
			<Failure text={log.error} />
			{log.isLoaded && shown.length === 0 && <Empty title={say.wireNone}>{say.wireNoneWhy}</Empty>}
			<ul class="wire">{shown.map((p) => <Line key={pairKey(p)} p={p} isFirst={p.message_id !== undefined && p.message_id === wanted.current} />)}</ul>
			<div class="pad-line acts">
				<span class="cap grow">{say.wireFoot(shown.length)}</span>
				{log.older && <button type="button" class="btn small" onClick={() => void log.older!()}>{say.olderWord}</button>}
			</div>
		</Panel>
	);
}

export const WireLog = memo(function WireLog({ id }: { id: string }) {
	if (isAllowedTo("inspect")) return <Log id={id} />;
	return <Panel id="wire" title={say.wireTitle}><p class="pad-line sub2">{say.notYours}</p></Panel>;
});
