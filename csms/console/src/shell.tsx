/*
 * What stands around every page: top bar, pulse strip, lost-connection bar, keys, phone's bottom bar.
 */
import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { DemandView, GuardView } from "./api/types.ts";
import { useAsked } from "./lib/ask.ts";
import { clock, clockNear, clockSeconds, date, decimal, duration, durationExact, kw } from "./lib/format.ts";
import { command } from "./api/client.ts";
import type { SignedOut } from "./api/types_people.ts";
import { listenKeys } from "./keys.ts";
import { LANGUAGES, language, say, setLanguage, type Language } from "./messages/say.ts";
import { place, ROUTES } from "./router.ts";
import { assigning, go, goRow, goSection, searching, telling } from "./store/place.ts";
import { alarms, depotName, depotTime, envelopes, heardNow, isHere, isLost, link, localNow, nodes, now, overview, retryNow, session, speed, stations, vehicles, zone } from "./store/store.ts";
import { bindingNodes, boundBy, evseCounts, nextLimit, rootNode, windowHolds } from "./store/derive.ts";
import { active, urgent } from "./store/alarms.ts";
import { followAlarms, isMute, isSoundOn, switchSound } from "./store/sound.ts";
import { Bar } from "./ui/bar.tsx";
import { Icon } from "./ui/icons.tsx";
import { lazy } from "./ui/lazy.tsx";
import { Link } from "./ui/link.tsx";
import { Menu } from "./ui/menu.tsx";
import { Reading } from "./ui/reading.tsx";
import { Skeleton } from "./ui/skeleton.tsx";
import { titleOf } from "./title.ts";
import { theme, type Theme } from "./ui/theme.ts";

const Search = lazy(() => import("./pages/search/page.tsx").then((m) => m.Search), true);

const AssignBay = lazy(() => import("./pages/assign/dialog.tsx").then((m) => m.AssignBay), true);
const TellSoc = lazy(() => import("./pages/tell/dialog.tsx").then((m) => m.TellSoc), true);

function Clock() {
	return (
		<span class="clock">
			<span class="date">{date(now.value, zone.value)} </span>
			<time dateTime={new Date(now.value).toISOString()}>
				<b>{clockSeconds(now.value, zone.value)}</b>
			</time>
		</span>
	);
}

function LiveDot() {
	const state = link.value.state;
	if (state === "lost") return <span class="st miss"><Icon name="miss" size={14} /> {say.lostShort}</span>;
	if (state === "connecting") return <span class="st plain"><Icon name="wait" size={14} /> {say.connecting}</span>;
	return (
		<span class="st livedot">
			<i class="live-dot" aria-hidden="true" /> <span class="live-word">{say.live}</span>
			<span class="only-phone"> {clock(now.value, zone.value)}</span>
		</span>
	);
}

/* Then to the provider's own sign-out, where there is one. */
async function signOut(): Promise<void> {
	const gone = await command<SignedOut>("POST", "/sign-out").catch(() => undefined);
	location.assign(gone?.url ?? "/");
}

function UserMenu({ openHelp }: { openHelp: () => void }) {
	const who = session.value;
	if (!who) return null;
	const themes = Object.keys(say.themes) as Theme[];
	return (
		<Menu kind="user" label={say.userMenu(who.name)} summary={<><Icon name="user" /> <span class="who">{who.name}</span></>}>
			<p class="cap">{say.role(who.role)}</p>
			<fieldset>
				<legend>{say.theme}</legend>
				{themes.map((t) => (
					<label key={t}>
						<input type="radio" name="theme" checked={theme.value === t} onChange={() => { theme.value = t; }} />
						{say.themes[t]}
					</label>
				))}
			</fieldset>
			<fieldset>
				<label>
					<input type="checkbox" checked={isSoundOn.value} onChange={(e) => void switchSound(e.currentTarget.checked)} />
					{say.sound}
				</label>
				<p class="cap">{say.soundWhy}</p>
			</fieldset>
			<fieldset>
				<legend>{say.language}</legend>
				{(Object.keys(LANGUAGES) as Language[]).map((l) => (
					<label key={l} lang={l}>
						<input type="radio" name="language" checked={language === l} onChange={() => setLanguage(l)} />
						{LANGUAGES[l]}
					</label>
				))}
			</fieldset>
			<button type="button" class="btn" onClick={openHelp}>{say.keys} <kbd>?</kbd></button>
			<button type="button" class="btn" onClick={() => void signOut()}>{say.signOut}</button>
		</Menu>
	);
}

/* How many alarms need someone; red if one of them is urgent. */
function Badge() {
	const all = alarms.value ?? [];
	const n = active(all).length;
	if (n === 0) return null;
	return (
		<span class={urgent(all).length > 0 ? "badge urgent" : "badge"}>
			<span aria-hidden="true">{n}</span><span class="vh">{say.alarmsBadge(n)}</span>
		</span>
	);
}

/* A new urgent alarm is said aloud once by a screen reader, on whatever page one is. */
function UrgentCall() {
	const known = useRef<Set<string> | undefined>(undefined);
	const [said, setSaid] = useState("");
	const now = urgent(alarms.value ?? []);
	const key = now.map((a) => a.id).join(" ");
	useEffect(() => {
		const fresh = known.current && now.find((a) => !known.current?.has(a.id));
		if (isHere.value) known.current = new Set(now.map((a) => a.id));
		if (fresh) setSaid(`${say.ranks.urgent}: ${fresh.text}`);
		else if (now.length === 0) setSaid("");
	}, [key, isHere.value]);
	return <p class="vh" role="alert">{said}</p>;
}

/* Pages: across the top of a desk, along the bottom of a phone; those that one seldom needs behind
 * More, on a phone with those that have no room. */
function Pages({ kind }: { kind: "tabs" | "bottom" }) {
	const isPhone = kind === "bottom";
	const shown = ROUTES.filter((r) => (isPhone ? r.isOnPhone : !r.isMore));
	const more = ROUTES.filter((r) => !shown.includes(r));
	const here = place.value?.route;
	const isMoreHere = here !== undefined && more.includes(here);
	return (
		<>
			{shown.map((r) => (
				<Link key={r.path} to={r.path} kind="tab" isHere={here === r}>
					{isPhone && <Icon name={r.icon} size={20} />}
					<span>{r.name}</span>
					{r.path === "/alarms" && <Badge />}
				</Link>
			))}
			<Menu kind={isMoreHere ? "more here" : "more"} summary={<>
				{isPhone && <Icon name="more" size={20} />}
				<span>{isMoreHere && !isPhone ? here.name : say.more}</span>
				{!isPhone && <Icon name="down" size={12} />}
			</>}>
				{more.map((r) => (
					<Link key={r.path} to={r.path} isHere={here === r}><Icon name={r.icon} /> {r.name}</Link>
				))}
			</Menu>
		</>
	);
}

function Top({ openHelp }: { openHelp: () => void }) {
	return (
		<header class="top">
			<span class="brand"><b class="product">{say.product}</b> <span class="depot">{depotName.value}</span></span>
			<nav class="tabs" aria-label={say.pages}><Pages kind="tabs" /></nav>
			<div class="end">
				{speed.value !== 1 && (
					<span class="tag plain sim"><span class="sim-word">{say.simulated}</span> ×{decimal(speed.value, Number.isInteger(speed.value) ? 0 : 1)}</span>
				)}
				<button type="button" class="find" aria-label={say.search} onClick={() => { searching.value = true; }}>
					<Icon name="find" /> <span class="word">{say.search}</span> <kbd aria-hidden="true">/</kbd>
				</button>
				{isMute.value && <button type="button" class="find mute" title={say.soundMute} aria-label={say.soundMute}><Icon name="mute" /></button>}
				<LiveDot />
				<Clock />
				<UserMenu openHelp={openHelp} />
			</div>
		</header>
	);
}

function HoldsBack() {
	if (!nodes.value || !stations.value) return null;
	const binding = bindingNodes(nodes.value, stations.value).map((b) => b.node);
	const first = binding[0];
	const by = first && boundBy(first);
	return (
		<a class={first === undefined ? "item wide-only" : "item"} href="/energy" onClick={(e) => { e.preventDefault(); goSection("tree"); }}>
			<Icon name="bind" size={14} />
			<span class="k">{say.holdsBackNow}</span>
			{first === undefined ? <span>{say.nobodyHeld}</span> : (
				<span>
					<b>{first.name || first.id}</b>
					{by !== undefined && ` ${say.channels[by.what] ?? by.what}${by.load === undefined || by.limit === undefined ? ""
						: ` ${say.ofLimit(decimal(by.load, 0), decimal(by.limit, 0), "A")}`}`}
					{by === undefined && first.load_w !== undefined && first.limit_w !== undefined
						&& ` ${kw(first.load_w, 0)} ${say.ofKw(kw(first.limit_w, 0))}`}
					{binding.length > 1 && ` ${say.andMore(binding.length - 1)}`}
				</span>
			)}
		</a>
	);
}

/* The billing interval that is open: where it ends if all goes on, against its target. What the guard does
 * about it stands there when it does something. */
function DemandWindow() {
	const asked = useAsked<GuardView>("/guard", 5000);
	const demand = asked.data?.demand ?? [];
	const short = (d: DemandView) => d.target_w - d.projected_w;
	const d = [...demand].sort((a, b) => short(a) - short(b))[0];
	if (asked.error !== undefined && asked.status !== 403) return (
		<span class="item" data-pulse="window" data-failed role="alert">
			<span class="k">{say.demandTitle}</span>
			<span class="u">{say.unknown}</span>
			<button type="button" class="find" onClick={asked.again}>{say.answerAgain}</button>
		</span>
	);
	if (!d || Date.parse(d.window_end) <= now.value) return null;
	const node = nodes.value?.find((n) => n.id === d.node);
	const isHeld = windowHolds(node, d.allowed_w);
	const span = `${clock(Date.parse(d.window), zone.value)}–${clock(Date.parse(d.window_end), zone.value)}`;
	return (
		<a class="item" data-pulse="window" href="/energy" title={say.windowTitle(kw(d.mean_w, 0), kw(d.allowed_w, 0))}
			onClick={(e) => { e.preventDefault(); goRow("/energy", `[id="demand-${CSS.escape(d.node)}-h"]`); }}>
			<span class="k">{span} {say.onCourse}</span>
			<span><b>{kw(d.projected_w, 0)}</b> {say.ofTarget(kw(d.target_w, 0))}, {say.windowLeft(duration(Math.max(0, Date.parse(d.window_end) - now.value) / 1000))}</span>
			{d.in_danger ? <span class="st miss"><Icon name="miss" size={14} /> {say.windowDanger}</span>
				: isHeld && <span class="st plain"><Icon name="bind" size={14} /> {say.windowHeld}</span>}
		</a>
	);
}

function NextLimit() {
	const root = rootNode(nodes.value ?? []);
	const limit = root && nextLimit(envelopes.value ?? [], root.id, now.value);
	if (!limit) return null;
	return (
		<a class="item wide-only" data-pulse="limit" href="/energy" onClick={(e) => { e.preventDefault(); goSection("envelopes"); }}>
			<span class="k">{say.nextLimit}</span>
			<span><b>{kw(limit.w, 0)}</b>{"\u202f"}{say.unitKw} {say.beginsAt(clockNear(limit.atMs, now.value, zone.value))}</span>
		</a>
	);
}

function Pulse() {
	if (!nodes.value || !stations.value) return null;
	const root = rootNode(nodes.value);
	const counts = evseCounts(stations.value, heardNow.value);
	const share = root?.load_w !== undefined && root.limit_w ? (100 * root.load_w) / root.limit_w : undefined;
	return (
		<aside class="pulse" aria-label={say.pulse}>
			<a class="item" href="/energy" onClick={(e) => { e.preventDefault(); goSection("power"); }}>
				<span class="k">{say.site}</span>
				<span class="mini"><Bar value={share} notch={root?.limit_w === undefined ? undefined : 100}
					tone={share !== undefined && share > 100 ? "over" : "power"} /></span>
				<span data-pulse="site">
					<Reading at={root?.load_at} source="meter">
						<b>{root?.load_w === undefined ? say.unknown : kw(root.load_w, 0)}</b>
						{root?.limit_w !== undefined ? ` ${say.ofKw(kw(root.limit_w, 0))}` : ` ${say.unitKw}`}
					</Reading>
				</span>
			</a>
			<HoldsBack />
			<a class="item wide-only vans-now" href="/" onClick={(e) => { e.preventDefault(); goSection("vans"); }}>
				<span class="k">{say.vansNow}</span>
				<span><b>{kw(root?.evse_w ?? 0, 0)}</b>{"\u202f"}{say.unitKw}, {say.mayDraw(kw(root?.allowed_w ?? 0, 0))}</span>
			</a>
			<DemandWindow />
			<NextLimit />
			<a class="item last" href="/chargers" onClick={(e) => { e.preventDefault(); go("/chargers"); }}>
				<span><b>{counts.live}</b> {say.evsesLive(counts.all)}</span>
				{counts.fault > 0 && <span class="st plain"><Icon name="miss" size={14} /> {say.faults(counts.fault)}</span>}
				{counts.silent > 0 && <span class="st plain"><Icon name="off" size={14} /> {say.silents(counts.silent)}</span>}
			</a>
		</aside>
	);
}

/* Over the page while the server is away; the page keeps its last values below. */
function LostBar() {
	const l = link.value;
	if (l.state !== "lost") return null;
	const wait = Math.ceil((l.retryAtMs - localNow.value) / 1000);
	const age = Math.max(0, (localNow.value - l.sinceMs) / 1000);
	return (
		<div class="lost">
			<div class="words">
				<p role="alert">
					<Icon name="miss" />{" "}
					<b>{isHere.value ? say.lostSince(clockSeconds(depotTime(l.sinceMs), zone.value)) : say.lostNever}</b>{" "}
					{say.lostEffect}
				</p>
				<p>{isHere.value && say.lostAge(durationExact(age))} {wait > 0 ? say.lostRetry(duration(wait)) : say.lostTrying}</p>
			</div>
			<button type="button" class="btn" onClick={retryNow}>{say.lostButton}</button>
		</div>
	);
}

function Help({ dialog }: { dialog: preact.RefObject<HTMLDialogElement | null> }) {
	return (
		<dialog ref={dialog} aria-labelledby="help-h">
			<h2 id="help-h">{say.keysTitle}</h2>
			<dl class="keys">
				{say.keyRows.map(([keys, what]) => (
					<div key={keys}><dt><kbd>{keys}</kbd></dt><dd>{what}</dd></div>
				))}
			</dl>
			<form method="dialog"><button class="btn pri">{say.keysClose}</button></form>
		</dialog>
	);
}

/* The tab's title says what needs someone, what the page shows, and whether the page still hears its server. Not by a hook's
 * effect: that asks for a frame of its own. */
function useTitle(): void {
	useEffect(() => effect(() => {
		const needs = (vehicles.value?.filter((v) => v.state === "will_miss" || v.state === "at_risk").length ?? 0)
			+ urgent(alarms.value ?? []).length;
		const page = titleOf(place.value, overview.value);
		const title = (isLost.value ? `${say.lostShort} · ` : needs > 0 ? `(${needs}) ` : "")
			+ (page === undefined ? "" : `${page} · `)
			+ (depotName.value === undefined ? "" : `${depotName.value} · `) + say.product;
		if (document.title !== title) document.title = title;
	}), []);
}

export function Shell() {
	const dialog = useRef<HTMLDialogElement>(null);
	const openHelp = () => dialog.current?.showModal();
	useEffect(() => listenKeys(openHelp), []);
	useEffect(followAlarms, []);
	useTitle();
	const here = place.value;
	const Page = here?.route.page;
	return (
		<>
			<a class="skip" href="#main">{say.skip}</a>
			<Top openHelp={openHelp} />
			<LostBar />
			<UrgentCall />
			<Pulse />
			<main id="main" tabIndex={-1} class={isLost.value ? "is-lost" : ""}>
				{Page ? (isHere.value ? <Page id={here.id} /> : <Skeleton />) : (
					<div class="page">
						<h1>{say.noSuchPage}</h1>
						<p class="sub"><Link to="/">{say.toTonight}</Link></p>
					</div>
				)}
			</main>
			<nav class="bottom" aria-label={say.pages}><Pages kind="bottom" /></nav>
			<Help dialog={dialog} />
			{searching.value && <Search id={undefined} />}
			{assigning.value !== undefined && <AssignBay id={assigning.value} />}
			{telling.value !== undefined && <TellSoc id={telling.value} />}
		</>
	);
}
