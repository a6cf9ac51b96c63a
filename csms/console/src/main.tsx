import { render } from "preact";
import { Shell } from "./shell.tsx";
import { path } from "./store/place.ts";
import { session, start } from "./store/store.ts";
import { SignIn } from "./pages/signin.tsx";
import { lazy } from "./ui/lazy.tsx";
import { Sprite } from "./ui/icons.tsx";
import "./ui/theme.ts";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/live.css";
import "./style/work.css";
import "./style/alarms.css";
import "./style/energy.css";
import "./style/plan.css";
import "./style/chargers.css";
import "./style/vehicles.css";
import "./style/pages.css";
import "./style/wall.css";

const Wall = lazy(() => import("./pages/wall/page.tsx").then((m) => m.Wall));

function App() {
	return (
		<>
			<Sprite />
			{!session.value ? <SignIn /> : path.value === "/wall" ? <Wall id={undefined} /> : <Shell />}
		</>
	);
}

const root = document.getElementById("app");
if (root) render(<App />, root);
void start();
