import { useEffect, useState } from "preact/hooks";
import { say } from "../messages/say.ts";

/* True after 300 ms: what comes sooner shows no shapes. */
export function useIsLong(): boolean {
	const [isLong, setLong] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => setLong(true), 300);
		return () => clearTimeout(timer);
	}, []);
	return isLong;
}

/* Grey shapes of the final layout, and only when the first data takes longer than that. */
export function Skeleton() {
	if (!useIsLong()) return null;
	return (
		<div class="page" aria-busy="true">
			<p class="vh" role="status">{say.loading}</p>
			<div class="sk h1" /><div class="sk sub" />
			<div class="panel sk-panel"><div class="sk" /><div class="sk" /><div class="sk" /></div>
			<div class="panel sk-panel"><div class="sk" /><div class="sk" /><div class="sk" /></div>
		</div>
	);
}
