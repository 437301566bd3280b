import { mount } from "../ui/mount.ts";

mount(<main data-state="loading">Tributary</main>);
