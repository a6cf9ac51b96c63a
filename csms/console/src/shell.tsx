/*
 * What stands around every page: top bar, pulse strip, lost-connection bar, keys, phone's bottom bar.
 */
import { useEffect, useRef } from "preact/hooks";
import { clock, clockSeconds, date, decimal, duration, durationExact, kw } from "./lib/format.ts";
import { en } from "./messages/en.ts";
import { listenKeys } from "./keys.ts";
import { go, goSection, route, ROUTES } from "./router.ts";
import {
	depotTime, isLost, link, localNow, now, overview, retryNow, session, speed, zone,
} from "./store/store.ts";
import { evseCounts, heldBackBy, rootNode } from "./store/derive.ts";
import { Bar } from "./ui/bar.tsx";
import { Icon } from "./ui/icons.tsx";
import { Reading } from "./ui/reading.tsx";
import { theme, type Theme } from "./ui/theme.ts";

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
	if (state === "lost") return <span class="st miss"><Icon name="miss" size={14} /> {en.lostShort}</span>;
	if (state === "connecting") return <span class="st plain"><Icon name="wait" size={14} /> {en.connecting}</span>;
	return (
		<span class="st livedot">
			<i class="live-dot" aria-hidden="true" /> {en.live}
			<span class="only-phone"> {clock(now.value, zone.value)}</span>
		</span>
	);
}

function UserMenu({ openHelp }: { openHelp: () => void }) {
	const who = session.value;
	const box = useRef<HTMLDetailsElement>(null);
	useEffect(() => {
		const close = (event: Event) => {
			const isKey = event instanceof KeyboardEvent;
			if (isKey && event.key !== "Escape") return;
			if (!isKey && box.current?.contains(event.target as Node)) return;
			if (box.current?.open) {
				box.current.open = false;
				if (isKey) box.current.querySelector("summary")?.focus();
			}
		};
		document.addEventListener("keydown", close);
		document.addEventListener("pointerdown", close);
		return () => {
			document.removeEventListener("keydown", close);
			document.removeEventListener("pointerdown", close);
		};
	}, []);
	if (!who) return null;
	const themes = Object.keys(en.themes) as Theme[];
	return (
		<details class="menu" ref={box}>
			<summary aria-label={en.userMenu(who.name)}><Icon name="user" /> <span class="who">{who.name}</span></summary>
			<div class="sheet">
				<p class="cap">{en.role(who.role)}</p>
				<fieldset>
					<legend>{en.theme}</legend>
					{themes.map((t) => (
						<label key={t}>
							<input type="radio" name="theme" checked={theme.value === t} onChange={() => { theme.value = t; }} />
							{en.themes[t]}
						</label>
					))}
				</fieldset>
				<button type="button" class="btn" onClick={openHelp}>{en.keys} <kbd>?</kbd></button>
			</div>
		</details>
	);
}

function Sections({ kind }: { kind: "tabs" | "bottom" }) {
	return (
		<>
			{route.value?.sections.map((s) => (
				<a key={s.id} class="tab" href={`#${s.id}`} onClick={(event) => {
					event.preventDefault();
					goSection(s.id);
				}}>
					{kind === "bottom" && <Icon name={s.icon} size={20} />}
					{s.name}
				</a>
			))}
		</>
	);
}

function Top({ openHelp }: { openHelp: () => void }) {
	const data = overview.value;
	return (
		<header class="top">
			<span class="brand"><b class="product">{en.product}</b> <span class="depot">{data?.name}</span></span>
			<nav class="tabs" aria-label={ROUTES.length > 1 ? en.pages : en.sections}>
				{ROUTES.length > 1 && ROUTES.map((r) => (
					<a key={r.path} class="tab" href={r.path} aria-current={route.value === r ? "page" : undefined}
						onClick={(event) => {
							event.preventDefault();
							go(r.path);
						}}>
						{r.name}
					</a>
				))}
				{ROUTES.length === 1 && <Sections kind="tabs" />}
			</nav>
			<div class="end">
				{speed.value !== 1 && (
					<span class="tag plain sim">{en.simulated(decimal(speed.value, Number.isInteger(speed.value) ? 0 : 1))}</span>
				)}
				<LiveDot />
				<Clock />
				<UserMenu openHelp={openHelp} />
			</div>
		</header>
	);
}

function HoldsBack() {
	const data = overview.value;
	if (!data) return null;
	const held = heldBackBy(data.stations);
	const binding = data.tree.nodes.filter((n) => held.has(n.id));
	const first = binding[0];
	return (
		<a class={first === undefined ? "item wide-only" : "item"} href="#tree" onClick={(e) => { e.preventDefault(); goSection("tree"); }}>
			<Icon name="bind" size={14} />
			<span class="k">{en.holdsBackNow}</span>
			{first === undefined ? <span>{en.nobodyHeld}</span> : (
				<span>
					<b>{first.name || first.id}</b>
					{first.load_w !== undefined && first.limit_w !== undefined
						&& ` ${kw(first.load_w, 0)} ${en.ofKw(kw(first.limit_w, 0))}`}
					{binding.length > 1 && ` ${en.andMore(binding.length - 1)}`}
				</span>
			)}
		</a>
	);
}

function Pulse() {
	const data = overview.value;
	if (!data) return null;
	const root = rootNode(data.tree.nodes);
	const counts = evseCounts(data.stations, now.value);
	const share = root?.load_w !== undefined && root.limit_w ? (100 * root.load_w) / root.limit_w : undefined;
	return (
		<aside class="pulse" aria-label={en.pulse}>
			<a class="item" href="#power" onClick={(e) => { e.preventDefault(); goSection("power"); }}>
				<span class="k">{en.site}</span>
				<span class="mini"><Bar value={share} notch={root?.limit_w === undefined ? undefined : 100}
					tone={share !== undefined && share > 100 ? "over" : "power"} /></span>
				<span data-pulse="site">
					<Reading at={root?.load_at} source="meter">
						<b>{root?.load_w === undefined ? en.unknown : kw(root.load_w, 0)}</b>
						{root?.limit_w !== undefined ? ` ${en.ofKw(kw(root.limit_w, 0))}` : ` ${en.unitKw}`}
					</Reading>
				</span>
			</a>
			<HoldsBack />
			<a class="item wide-only" href="#vans" onClick={(e) => { e.preventDefault(); goSection("vans"); }}>
				<span class="k">{en.vansNow}</span>
				<span><b>{kw(root?.evse_w ?? 0, 0)}</b>{"\u202f"}{en.unitKw}, {en.mayDraw(kw(root?.allowed_w ?? 0, 0))}</span>
			</a>
			<a class="item last" href="#chargers" onClick={(e) => { e.preventDefault(); goSection("chargers"); }}>
				<span><b>{counts.live}</b> {en.evsesLive(counts.all)}</span>
				{counts.fault > 0 && <span class="st plain"><Icon name="miss" size={14} /> {en.faults(counts.fault)}</span>}
				{counts.silent > 0 && <span class="st plain"><Icon name="off" size={14} /> {en.silents(counts.silent)}</span>}
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
					<b>{overview.value ? en.lostSince(clockSeconds(depotTime(l.sinceMs), zone.value)) : en.lostNever}</b>{" "}
					{en.lostEffect}
				</p>
				<p>{overview.value && en.lostAge(durationExact(age))} {wait > 0 ? en.lostRetry(duration(wait)) : en.lostTrying}</p>
			</div>
			<button type="button" class="btn" onClick={retryNow}>{en.lostButton}</button>
		</div>
	);
}

function Help({ dialog }: { dialog: preact.RefObject<HTMLDialogElement | null> }) {
	return (
		<dialog ref={dialog} aria-labelledby="help-h">
			<h2 id="help-h">{en.keysTitle}</h2>
			<dl class="keys">
				{en.keyRows.map(([keys, what]) => (
					<div key={keys}><dt><kbd>{keys}</kbd></dt><dd>{what}</dd></div>
				))}
			</dl>
			<form method="dialog"><button class="btn pri">{en.keysClose}</button></form>
		</dialog>
	);
}

/* The tab's title says what needs someone, and whether the page still hears its server. */
function useTitle(): void {
	const data = overview.value;
	const needs = data?.vehicles.filter((v) => v.state === "will_miss" || v.state === "at_risk").length ?? 0;
	const title = (isLost.value ? `${en.lostShort} · ` : needs > 0 ? `(${needs}) ` : "")
		+ (data ? `${data.name} · ` : "") + en.product;
	useEffect(() => {
		document.title = title;
	}, [title]);
}

export function Shell() {
	const dialog = useRef<HTMLDialogElement>(null);
	const openHelp = () => dialog.current?.showModal();
	useEffect(() => listenKeys(openHelp), []);
	useTitle();
	const Page = route.value?.page;
	return (
		<>
			<a class="skip" href="#main">{en.skip}</a>
			<Top openHelp={openHelp} />
			<LostBar />
			<Pulse />
			<main id="main" tabIndex={-1} class={isLost.value ? "is-lost" : ""}>
				{Page ? <Page /> : (
					<div class="page">
						<h1>{en.noSuchPage}</h1>
						<p class="sub"><a href="/" onClick={(e) => { e.preventDefault(); go("/"); }}>{en.toTonight}</a></p>
					</div>
				)}
			</main>
			<nav class="bottom" aria-label={en.sections}><Sections kind="bottom" /></nav>
			<Help dialog={dialog} />
		</>
	);
}
