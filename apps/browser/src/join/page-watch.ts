import type { JoinController } from "./join-controller.ts";

/** Tells the controller what the browser does with the page: hides it, freezes it, keeps it for later, cuts its network. */
export function watchPage(controller: JoinController): void {
  document.addEventListener("visibilitychange", () => controller.onSeen(document.visibilityState === "visible"));
  // Page Lifecycle (https://wicg.github.io/page-lifecycle/): Chromium alone. Elsewhere a frozen tab is noticed by the coordinator.
  document.addEventListener("freeze", () => controller.onSleep("frozen"));
  document.addEventListener("resume", () => controller.onAwake());
  addEventListener("pagehide", ({ persisted }) => {
    // A page that is not kept for later is over: the closing of its socket says so at once to the coordinator.
    if (persisted) controller.onSleep("left");
    else controller.onClosing();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) controller.onAwake();
  });
  // A whole link that is pasted over a broken one differs in the fragment alone: browsers load nothing again for that.
  addEventListener("hashchange", () => location.reload());
  addEventListener("offline", () => controller.onNetwork(false));
  addEventListener("online", () => controller.onNetwork(true));
}
