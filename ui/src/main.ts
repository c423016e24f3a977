import "@fontsource-variable/source-serif-4/opsz.css";
import "@fontsource-variable/source-serif-4/opsz-italic.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/page.css";

import { mount } from "svelte";

import { connect } from "./host";
import App from "./views/App.svelte";
import { Desk } from "./views/desk.svelte";
import { applyTheme } from "./views/theme.svelte";

applyTheme();

const target = document.getElementById("app");
if (target !== null) mount(App, { target, props: { desk: new Desk(await connect()) } });
