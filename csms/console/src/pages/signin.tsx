import { say } from "../messages/say.ts";
import { signInState } from "../store/store.ts";
import { Icon } from "../ui/icons.tsx";

/* No session: how to get one. */
export function SignIn() {
	const state = signInState.value;
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
