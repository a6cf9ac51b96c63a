import { en } from "../messages/en.ts";
import { signInState } from "../store/store.ts";
import { Icon } from "../ui/icons.tsx";

/* No session: how to get one. */
export function SignIn() {
	const state = signInState.value;
	if (state === "asking") return <main class="signin" aria-busy="true"><p class="vh">{en.signingIn}</p></main>;
	return (
		<main class="signin" id="main">
			<p class="brand"><b>{en.product}</b></p>
			<h1>{en.signInTitle}</h1>
			{state === "refused" && (
				<p class="note" role="alert"><span class="st risk"><Icon name="risk" /> {en.signInRefused}</span></p>
			)}
			{state === "failed" ? (
				<>
					<p class="note" role="alert"><span class="st risk"><Icon name="risk" /> {en.signInFailed}</span></p>
					<p><button type="button" class="btn pri" onClick={() => location.reload()}>{en.signInRetry}</button></p>
				</>
			) : (
				<>
					<p class="sub">{en.signInSub}</p>
					<ol>
						<li>{en.signInHow}<pre><code>{en.signInCommand}</code></pre></li>
						<li>{en.signInThen}</li>
					</ol>
					<p class="cap">{en.signInNoAccess}</p>
				</>
			)}
		</main>
	);
}
