/* No session: a provider, a name and password, or how to get a link. */
import { useEffect, useState } from "preact/hooks";
import { ApiError, command, get } from "../api/client.ts";
import type { ProviderBegin, ProviderList, ProviderView } from "../api/types_people.ts";
import { words } from "../lib/ask.ts";
import { say } from "../messages/say.ts";
import { enterBy, signInState } from "../store/store.ts";
import { Failure } from "../ui/act.tsx";
import { Icon } from "../ui/icons.tsx";

const FACTOR = "#second-factor"; /* a provider has vouched; the code is still owed */

function Providers() {
	const [list, setList] = useState<ProviderView[]>([]);
	const [error, setError] = useState<string | undefined>(undefined);
	useEffect(() => {
		get<ProviderList>("/sign-in/with").then((r) => setList(r.providers)).catch(() => undefined);
	}, []);
	const go = async (id: string) => {
		try {
			location.assign((await command<ProviderBegin>("POST", `/sign-in/with/${encodeURIComponent(id)}`, {})).url);
		} catch (failure) {
			setError(words(failure));
		}
	};
	if (list.length === 0) return null;
	return (
		<div class="stack">
			{list.map((p) => <button key={p.id} type="button" class="btn pri" onClick={() => void go(p.id)}>{say.signInWith(p.name)}</button>)}
			<Failure text={error} />
		</div>
	);
}

function Form() {
	const [isOwed, setOwed] = useState(location.hash === FACTOR);
	const isAfterProvider = location.hash === FACTOR;
	const [name, setName] = useState("");
	const [password, setPassword] = useState("");
	const [factor, setFactor] = useState("");
	const [isBusy, setBusy] = useState(false);
	const [error, setError] = useState<string | undefined>(undefined);
	const go = async () => {
		setBusy(true);
		setError(undefined);
		try {
			await enterBy(isAfterProvider ? { factor } : { name, password, ...(isOwed && factor !== "" && { factor }) });
			if (isAfterProvider) history.replaceState(null, "", "/");
		} catch (failure) {
			if (failure instanceof ApiError && failure.path === "factor" && !isOwed) setOwed(true);
			else setError(words(failure));
		}
		setBusy(false);
	};
	return (
		<form class="form" onSubmit={(e) => {
			e.preventDefault();
			void go();
		}}>
			{!isAfterProvider && (
				<>
					<label>{say.signInName}<input autocomplete="username" required maxLength={60} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
					<label>{say.signInPassword}<input type="password" autocomplete="current-password" required maxLength={200} value={password} onInput={(e) => setPassword(e.currentTarget.value)} /></label>
				</>
			)}
			{isOwed && (
				<label>{say.signInFactor}
					<input inputMode="numeric" autocomplete="one-time-code" required minLength={6} maxLength={40} value={factor}
						ref={(e) => { if (e && factor === "") e.focus(); }} onInput={(e) => setFactor(e.currentTarget.value.trim())} />
					<span class="cap">{say.signInFactorWhy}</span>
				</label>
			)}
			<Failure text={error} />
			<div class="acts"><button class="btn pri" disabled={isBusy}>{isBusy ? say.signInBusy : say.signInTitle}</button></div>
		</form>
	);
}

/* A wall display whose token is not taken: nobody signs in there. */
function Display({ words }: { words: string }) {
	return (
		<main class="signin" id="main">
			<p class="brand"><b>{say.product}</b></p>
			<h1>{say.displayTitle}</h1>
			<p class="note" role="alert"><span class="st risk"><Icon name="risk" /> {words}</span></p>
			<p class="sub">{say.displayNext}</p>
		</main>
	);
}

export function SignIn() {
	const state = signInState.value;
	if (state === "display") return <Display words={say.displayRevoked} />;
	if (state === "mighty") return <Display words={say.displayMighty} />;
	if (state === "asking") return <main class="signin" aria-busy="true"><p class="vh">{say.signingIn}</p></main>;
	return (
		<main class="signin" id="main">
			<p class="brand"><b>{say.product}</b></p>
			<h1>{say.signInTitle}</h1>
			{state === "refused" && (
				<p class="note" role="alert"><span class="st risk"><Icon name="risk" /> {say.signInRefused}</span></p>
			)}
			{state === "failed" ? (
				<>
					<p class="note" role="alert"><span class="st risk"><Icon name="risk" /> {say.signInFailed}</span></p>
					<p><button type="button" class="btn pri" onClick={() => location.reload()}>{say.signInRetry}</button></p>
				</>
			) : (
				<>
					<p class="sub">{say.signInSub}</p>
					<Providers />
					<Form />
					<h2>{say.signInLink}</h2>
					<ol>
						<li>{say.signInHow}<pre><code>{say.signInCommand}</code></pre></li>
						<li>{say.signInThen}</li>
					</ol>
					<p class="cap">{say.signInNoAccess}</p>
				</>
			)}
		</main>
	);
}
