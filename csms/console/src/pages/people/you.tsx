/* One's own password and second factor. */
import { useState } from "preact/hooks";
import type { FactorOffer, FactorReply } from "../../api/types_people.ts";
import { useCommand } from "../../lib/ask.ts";
import { askSession, session } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Qr } from "../../ui/qr.tsx";
import { OpenSessions } from "./open_sessions.tsx";
import { roleWord, w } from "./words.ts";

function Password({ isFresh }: { isFresh: boolean }) {
	const [old, setOld] = useState("");
	const [next, setNext] = useState("");
	const [isDone, setDone] = useState(false);
	const { isBusy, error, send } = useCommand();
	const go = async () => {
		setDone(false);
		if (!await send("POST", "/password", { new: next, ...(old && { old }) })) return;
		setOld("");
		setNext("");
		setDone(true);
	};
	return (
		<form class="form pad-line" onSubmit={(e) => {
			e.preventDefault();
			void go();
		}}>
			{!isFresh && <label>{w.oldPassword}<input type="password" autocomplete="current-password" required maxLength={200} value={old} onInput={(e) => setOld(e.currentTarget.value)} /></label>}
			<label>{w.newPassword}<input type="password" autocomplete="new-password" required minLength={12} maxLength={200} value={next} onInput={(e) => setNext(e.currentTarget.value)} /><span class="cap">{w.newPasswordHint}</span></label>
			<Failure text={error} />
			{isDone && <p role="status">{w.passwordSet}</p>}
			<div class="acts"><Act to="self" isOff={isBusy}>{w.setPassword}</Act></div>
		</form>
	);
}

function Factor() {
	const [offer, setOffer] = useState<FactorOffer | undefined>(undefined);
	const [code, setCode] = useState("");
	const [codes, setCodes] = useState<string[]>([]);
	const { isBusy, error, send } = useCommand();
	const begin = async () => setOffer(await send<FactorOffer>("POST", "/second-factor", {}));
	const take = async () => {
		const r = await send<FactorReply>("PUT", "/second-factor", { code });
		if (!r) return;
		setCodes(r.recovery);
		setOffer(undefined);
		void askSession();
	};
	if (codes.length > 0 || session.value?.factor) {
		return (
			<div class="pad-line">
				<p role="status"><b>{w.factorOn}</b></p>
				{codes.length > 0 && <><p>{w.recovery}</p><ul class="mono codes">{codes.map((c) => <li key={c}>{c}</li>)}</ul></>}
			</div>
		);
	}
	if (!offer) {
		return <div class="pad-line"><Act to="self" onAct={() => void begin()} isOff={isBusy}>{w.addFactor}</Act><Failure text={error} /></div>;
	}
	return (
		<form class="form pad-line" onSubmit={(e) => {
			e.preventDefault();
			void take();
		}}>
			<p>{w.factorHow}</p>
			<Qr text={offer.url} label={w.factorQr} />
			<p>{w.factorByHand}</p>
			<p><code class="mono secret">{offer.secret}</code></p>
			<label>{w.factorCode}<input inputMode="numeric" autocomplete="one-time-code" required minLength={6} maxLength={8} value={code} onInput={(e) => setCode(e.currentTarget.value.trim())} /></label>
			<Failure text={error} />
			<div class="acts"><Act to="self" isOff={isBusy}>{w.factorVerb}</Act></div>
		</form>
	);
}

export function You({ isOthers }: { isOthers: boolean }) {
	const who = session.value;
	if (!who) return null;
	return (
		<Panel id="you" title={w.you} caption={w.youCap(roleWord(who.role))}>
			{who.user && !isOthers ? <><Password isFresh={who.fresh} /><Factor /></> : <p class="pad-line">{w.elsewhere}</p>}
			<h3 class="pad-line">{w.yourSessions}</h3>
			<OpenSessions path="/sessions" to="self" />
		</Panel>
	);
}
