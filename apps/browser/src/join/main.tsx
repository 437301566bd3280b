import { mount } from "../ui/mount.ts";
import { browserSurroundings, firstChoices } from "./browser-surroundings.ts";
import { JoinController } from "./join-controller.ts";
import { JoinPage } from "./join-page.tsx";
import { watchPage } from "./page-watch.ts";

const surroundings = browserSurroundings();
const controller = new JoinController(surroundings, firstChoices(surroundings));
watchPage(controller);
mount(<JoinPage controller={controller} />);
void controller.begin();
