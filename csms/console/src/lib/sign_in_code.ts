/* The one-time code of a sign-in link: in the fragment, which never reaches a log. */
export function codeFromHash(hash: string): string | undefined {
	const params = new URLSearchParams(hash.replace(/^#/, ""));
	return params.get("code") || params.get("sign-in") || undefined;
}
