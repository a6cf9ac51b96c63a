/*
 * What chargers and depotd said to each other: a line is a request with its reply, newest first; of one
 * charger, or of all. New ones come when the stream says so.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { WirePage, WirePair } from "../../api/types.ts";
import { get } from "../../api/client.ts";
import { words } from "../../lib/ask.ts";
import { clockNear, clockSeconds, decimal, duration } from "../../lib/format.ts";
import { useWhenHeard } from "../../lib/heard.ts";
import { fromLocal } from "../../lib/local_clock.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { chargerPath } from "../../store/place.ts";
import {
	ALL_WIRE, exportPath, gistOfPair, isOdd, liveFrom, mergedPairs, pairKey, passesWire, pretty, replyOf, type WireChoice, wireQuery,
} from "../../store/wire.ts";
import { now, stations, zone } from "../../store/store.ts";
import { isAllowedTo } from "../../ui/act.tsx";
import { Answer, type Said } from "../../ui/answer.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";

const KEPT = 1000;
const TYPING_MS = 350;
const SAID_MS = 15_000; /* what is said of the newest messages is no older */

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

interface LineProps {
	p: WirePair;
	isFirst: boolean; /* open at once */
	isOfAll: boolean; /* it says whose it is */
}

const Line = memo(function Line({ p, isFirst, isOfAll }: LineProps) {
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
				<span class="what">{isOfAll && <span class="who">{p.station} </span>}<b>{p.action ?? say.unreadable}</b> <span class="cap">{gistOfPair(p)}</span></span>
				<span class={isOdd(reply) ? "word st risk" : "word"}>{isOdd(reply) && <Icon name="risk" size={14} />} {word}</span>
				<span class="lat n">{latency(p)}</span>
			</button>
			{isOpen && isOfAll && <p class="pad-line"><Link to={`${chargerPath(p.station)}?msg=${encodeURIComponent(p.message_id ?? "")}`}>{p.station}</Link></p>}
			{isOpen && <Bodies p={p} />}
		</li>
	);
});

interface ToolsProps {
	choice: WireChoice;
	set: (c: Partial<WireChoice>) => void;
	odd: number;
	isOfAll: boolean;
}

const SLOW = [0, 200, 1000, 5000, 30_000];

function Tools({ choice, set, odd, isOfAll }: ToolsProps) {
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
				<button type="button" class="btn" aria-pressed={choice.isOddOnly} onClick={() => set({ isOddOnly: !choice.isOddOnly })}>{say.oddOnly}{odd > 0 && <> <b>{odd}</b></>}</button>
				<button type="button" class="btn" aria-pressed={choice.isQuiet} onClick={() => set({ isQuiet: !choice.isQuiet })}>{say.hideRoutine}</button>
			</div>
			<details class="narrow" open={isOfAll && matchMedia("(min-width: 900px)").matches}>
				<summary>{say.searchMore}</summary>
				<div class="form fields">
					{isOfAll && (
						<label>{say.charger} <input type="search" list="wire-stations" value={choice.station} maxLength={48} spellcheck={false} onInput={(e) => set({ station: e.currentTarget.value })} />
							<datalist id="wire-stations">{(stations.peek() ?? []).map((x) => <option key={x.id} value={x.id} />)}</datalist>
						</label>
					)}
					{text("action", say.actionWord)}{text("text", say.containsWord)}{text("error", say.errorWord)}
					<label>{say.slowerWord}
						<select value={choice.slowerMs} onChange={(e) => set({ slowerMs: Number(e.currentTarget.value) })}>
							{SLOW.map((ms) => <option key={ms} value={ms}>{ms === 0 ? say.anyLatency : say.slowerThan(ms < 1000 ? `${ms}\u202f${say.unitMs}` : duration(ms / 1000))}</option>)}
						</select>
					</label>
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
	searchedTo?: string | undefined; /* a search of all went no further back yet */
	said?: Said | undefined; /* of the newest page */
	fullMs?: number; /* local time when all of it came */
}

const NONE: WirePair[] = [];
const toUtc = (local: string) => fromLocal(local, zone.peek());

/* What was asked for, newest first; what is added while one looks stays. `isPaused`: nothing new.
 * `message`: one that is shown too, however old it is; "" none. */
function usePairs(choice: WireChoice, isPaused: boolean, message: string) {
	const path = wireQuery(choice, toUtc);
	const [kept, setKept] = useState<Kept>({ path: "", pairs: NONE, next: undefined });
	const [error, setError] = useState<string | undefined>(undefined);
	const latest = useRef({ path, kept });
	latest.current = { path, kept };
	const isBusy = useRef(false);
	const ask = useCallback(async () => {
		if (isBusy.current || document.hidden) return;
		isBusy.current = true;
		const { path: asked, kept: old } = latest.current;
		const isFresh = old.path === asked && performance.now() - (old.fullMs ?? -SAID_MS) < SAID_MS;
		const from = isFresh ? liveFrom(old.pairs) : undefined;
		try {
			const page = await get<WirePage>(from === undefined || choice.from !== "" ? asked : wireQuery(choice, toUtc, { from }));
			setKept((before) => (before.path === asked && before.next !== undefined
				? { ...before, pairs: mergedPairs(before.pairs, page.pairs ?? [], KEPT), ...(from === undefined && { said: page, fullMs: performance.now() }) }
				: { path: asked, pairs: mergedPairs([], page.pairs ?? [], KEPT), next: page.next ?? "", searchedTo: page.searched_to, said: page, fullMs: performance.now() }));
			setError(undefined);
		} catch (failure) {
			setError(words(failure));
		} finally {
			isBusy.current = false;
		}
		if (latest.current.path !== asked) void ask();
	}, [path]);
	useEffect(() => {
		if (isPaused) return undefined;
		const timer = setTimeout(() => void ask(), latest.current.kept.path === "" ? 0 : TYPING_MS);
		return () => clearTimeout(timer);
	}, [ask, isPaused]);
	useWhenHeard(choice.station === "" ? undefined : choice.station, () => {
		if (!isPaused) void ask();
	});
	useEffect(() => {
		if (message === "") return;
		get<WirePage>(wireQuery({ ...ALL_WIRE, station: choice.station }, toUtc, { message_id: message, limit: "1" })).then(
			(page) => setKept((old) => ({ ...old, pairs: mergedPairs(old.pairs, page.pairs ?? [], KEPT) })), (failure: unknown) => setError(words(failure)));
	}, [message]);
	const older = async () => {
		if (!kept.next) return;
		try {
			const page = await get<WirePage>(wireQuery(choice, toUtc, { before: kept.next }));
			setKept((old) => ({ ...old, pairs: mergedPairs(old.pairs, page.pairs ?? [], KEPT), next: page.next ?? "", searchedTo: page.searched_to }));
			setError(undefined);
		} catch (failure) {
			setError(words(failure));
		}
	};
	const mine = kept.path === path ? kept : undefined;
	return { said: mine?.said, pairs: mine?.pairs ?? NONE, isLoaded: mine?.next !== undefined, searchedTo: mine?.searchedTo, older: mine?.next ? older : undefined, error, again: () => void ask() };
}

interface LogProps {
	id: string | undefined; /* undefined: of all */
	choice: WireChoice;
	set: (c: Partial<WireChoice>) => void;
	onSaid?: (said: Said | undefined) => void;
}

export function Log({ id, choice, set, onSaid }: LogProps) {
	const wanted = useRef(new URLSearchParams(location.search).get("msg") ?? "");
	const [isPaused, setPaused] = useState(false);
	const log = usePairs(choice, isPaused, wanted.current);
	const shown = log.pairs.filter((p) => passesWire(p, choice, now.peek()));
	const odd = log.pairs.filter((p) => isOdd(replyOf(p, now.peek()))).length;
	useEffect(() => onSaid?.(log.said), [log.said]);
	const name = id ?? "wire";
	return (
		<Panel id="wire" title={say.wireTitle}
			caption={(isPaused || log.isLoaded) && <>{!isPaused && <i class="live-dot" aria-hidden="true" />} {isPaused ? say.paused : say.liveNewest}</>}
			end={(
				<>
					<button type="button" id="wire-pause" class="btn small" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>{isPaused ? say.goOn : say.pauseWord}</button>
					<a class="btn small" href={exportPath(choice, toUtc, "jsonl")} download={`${name}.jsonl`}>{say.download}</a>
					<a class="btn small" href={exportPath(choice, toUtc, "csv")} download={`${name}.csv`}>{say.saveCsv}</a>
				</>
			)}>
			<Tools choice={choice} set={set} odd={odd} isOfAll={id === undefined} />
			<Answer of={{ data: log.isLoaded ? log.pairs : undefined, error: log.error, status: log.error === undefined ? 200 : 0, again: log.again }} />
			{log.isLoaded && shown.length === 0 && <Empty title={say.wireNone}>{say.wireNoneWhy}</Empty>}
			<ul class="wire">
				{shown.map((p) => <Line key={pairKey(p)} p={p} isOfAll={id === undefined} isFirst={p.message_id !== undefined && p.message_id === wanted.current} />)}
			</ul>
			<div class="pad-line acts">
				<span class="cap grow">
					{log.isLoaded && say.wireFoot(shown.length)}{log.searchedTo !== undefined && ` ${say.searchedTo(clockNear(Date.parse(log.searchedTo), now.peek(), zone.value))}`}
				</span>
				{log.older && <button type="button" class="btn small" onClick={() => void log.older!()}>{log.searchedTo === undefined ? say.olderWord : say.searchOn}</button>}
			</div>
		</Panel>
	);
}

/* Of one charger: what is chosen stays with the page. */
function OfCharger({ id }: { id: string }) {
	const [choice, setChoice] = useState<WireChoice>({ ...ALL_WIRE, station: id });
	return <Log id={id} choice={choice} set={(c) => setChoice((old) => ({ ...old, ...c }))} />;
}

export const WireLog = memo(function WireLog({ id }: { id: string }) {
	if (isAllowedTo("inspect")) return <OfCharger id={id} />;
	return <Panel id="wire" title={say.wireTitle}><p class="pad-line sub2">{say.notYours}</p></Panel>;
});
