/* The one-time code of a sign-in link: in the fragment, which never reaches a log. */
export function codeFromHash(hash: string): string | undefined {
	const params = new URLSearchParams(hash.replace(/^#/, ""));
	return params.get("code") || params.get("sign-in") || undefined;
}

/* The token of a wall display, from "#token=dt_…". It stays in the address: that is what the display keeps,
 * and a fragment is never sent. */
export const tokenFromHash = (hash: string): string | undefined => /^#token=([\w-]{8,100})$/.exec(hash)?.[1];
