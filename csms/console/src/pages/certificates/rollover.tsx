/*
 * A new root, step by step. The switch is refused until every station that uses TLS lists the new root;
 * who leaves one behind says why.
 */
import { useState } from "preact/hooks";
import type { RolloverStation, RolloverView } from "../../api/types_trust.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { date } from "../../lib/format.ts";
import { chargerPath } from "../../store/place.ts";
import { zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Link } from "../../ui/link.tsx";
import { Panel } from "../../ui/panel.tsx";
import { State, type Status } from "../../ui/state.tsx";
import { w } from "./words.ts";

type Step = "start" | "switch" | "abort";

const STATUS: Record<string, Omit<Status, "word">> = {
	ready: { icon: "ok", tone: "ok", isTag: false }, failed: { icon: "miss", tone: "miss", isTag: true },
	"not-needed": { icon: "closed", tone: "plain", isTag: false }, away: { icon: "off", tone: "plain", isTag: false },
};

export const isHindrance = (s: RolloverStation): boolean => s.state !== "ready" && s.state !== "not-needed";

function Ask({ step, view, onEnd }: { step: Step; view: RolloverView; onEnd: () => void }) {
	const [why, setWhy] = useState("");
	const [isWithout, setWithout] = useState(false);
	const { isBusy, error, send } = useCommand();
	const late = view.stations.filter(isHindrance).map((s) => s.station);
	const isHindered = step === "switch" && late.length > 0;
	const go = async () => {
		const body = { step, ...(why !== "" && { why }), ...(isWithout && isHindered && { without: late }) };
		if (await send("POST", "/authority/rollover", body)) onEnd();
	};
	const verb = { start: w.startVerb, switch: w.switchVerb, abort: w.abortVerb }[step];
	const what = { start: w.stepStartWhat, switch: w.stepSwitchWhat, abort: w.abortWhat }[step];
	return (
		<Confirm title={{ start: w.stepStart, switch: w.stepSwitch, abort: w.abortVerb }[step]} verb={verb} to="trust" isBusy={isBusy}
			isOff={isHindered && (!isWithout || why === "")} onYes={() => void go()} onNo={onEnd}>
			<p>{what}</p>
			{isHindered && (
				<>
					<p><b>{w.waitsFor(late.slice(0, 8).join(", "))}</b></p>
					<label class="tick"><input type="checkbox" checked={isWithout} onChange={(e) => setWithout(e.currentTarget.checked)} /> {w.without}</label>
					{isWithout && <p class="cap">{w.withoutWhat}</p>}
				</>
			)}
			<label>{w.why}<input type="text" maxLength={200} value={why} onInput={(e) => setWhy(e.currentTarget.value)} /></label>
			<Failure text={error} />
		</Confirm>
	);
}

function Mark({ isDone, isNow, n }: { isDone: boolean; isNow: boolean; n: number }) {
	return <State status={{ icon: isDone ? "ok" : isNow ? "trk" : "free", tone: isDone ? "ok" : "plain", isTag: false, word: String(n) }} />;
}

export function Rollover() {
	const asked = useAsked<RolloverView>("/authority/rollover", 5000);
	const [step, setStep] = useState<Step | undefined>(undefined);
	const v = asked.data;
	const late = v?.stations.filter(isHindrance) ?? [];
	const isAllReady = v !== undefined && v.open && late.length === 0;
	const end = () => {
		setStep(undefined);
		asked.again();
	};
	return (
		<Panel id="rollover" title={w.rolloverTitle} caption={v && (v.open ? w.newRoot(v.subject, v.not_after === undefined ? "" : date(Date.parse(v.not_after), zone.value)) : w.rolloverClosed)}
			end={v?.open && <Act to="trust" onAct={() => setStep("abort")}>{w.abort}</Act>}>
			<Answer of={asked} />
			{v && (
				<ol class="tests">
					<li class="test" data-step="start">
						<Mark n={1} isDone={v.open} isNow={!v.open} />
						<div class="grow"><b>{w.stepStart}</b><p>{v.open ? w.stepStartWhat : w.rolloverWhy}</p></div>
						{!v.open && <Act to="trust" onAct={() => setStep("start")}>{w.start}</Act>}
					</li>
					<li class="test" data-step="install">
						<Mark n={2} isDone={isAllReady} isNow={v.open && !isAllReady} />
						<div class="grow">
							<b>{w.stepInstall}</b>{v.open && <p>{w.stepInstallWhat(v.ready, v.needed)}</p>}
							<ul class="ready">
								{v.stations.map((s) => (
									<li key={s.station} data-station={s.station}>
										<Link to={chargerPath(s.station)}>{s.station}</Link>{" "}
										<State status={{ ...(STATUS[s.state] ?? { icon: "wait", tone: "plain", isTag: false }), word: w.stationStates[s.state] ?? s.state }} />
										{s.note !== undefined && <span class="cap why">{s.note}</span>}
									</li>
								))}
							</ul>
						</div>
					</li>
					<li class="test" data-step="switch">
						<Mark n={3} isDone={false} isNow={isAllReady} />
						<div class="grow"><b>{w.stepSwitch}</b><p>{w.stepSwitchWhat}</p>{v.open && late.length > 0 && <p class="cap">{w.waitsFor(late.slice(0, 8).map((s) => s.station).join(", "))}</p>}</div>
						{v.open && <Act to="trust" isMain={isAllReady} onAct={() => setStep("switch")}>{w.switch}</Act>}
					</li>
				</ol>
			)}
			{step !== undefined && v && <Ask step={step} view={v} onEnd={end} />}
		</Panel>
	);
}
