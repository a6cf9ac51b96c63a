import { useEffect, useState } from "preact/hooks";
import { say } from "../messages/say.ts";

/* Grey shapes of the final layout, and only when the first data takes longer than 300 ms. */
export function Skeleton() {
	const [isShown, setShown] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => setShown(true), 300);
		return () => clearTimeout(timer);
	}, []);
	if (!isShown) return null;
	return (
		<div class="page" aria-busy="true">
			<p class="vh" role="status">{say.loading}</p>
			<div class="sk h1" /><div class="sk sub" />
			<div class="panel sk-panel"><div class="sk" /><div class="sk" /><div class="sk" /></div>
			<div class="panel sk-panel"><div class="sk" /><div class="sk" /><div class="sk" /></div>
		</div>
	);
}
