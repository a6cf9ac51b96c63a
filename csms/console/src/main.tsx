import { render } from "preact";
import { Shell } from "./shell.tsx";
import { session, start } from "./store/store.ts";
import { SignIn } from "./pages/signin.tsx";
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

function App() {
	return (
		<>
			<Sprite />
			{session.value ? <Shell /> : <SignIn />}
		</>
	);
}

const root = document.getElementById("app");
if (root) render(<App />, root);
void start();
