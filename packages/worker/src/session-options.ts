import type { Crc32, HelloMessage } from "@tributary/protocol";
import type { Computation } from "./computation.ts";
import type { SessionEvent } from "./session-event.ts";
import type { Clock, Connect } from "./transport.ts";

/** What a worker says of itself: a hello without what the session knows better. */
export type HelloOptions = Omit<HelloMessage, "type" | "resume">;

/** What a session needs from outside. */
export interface SessionOptions {
  readonly connect: Connect;
  /** Not disposed of by the session. */
  readonly computation: Computation;
  readonly clock: Clock;
  /** Uniform in [0, 1): for the waits between attempts to connect. */
  readonly random: () => number;
  readonly crc32: Crc32;
  readonly hello: HelloOptions;
  /** Id of an earlier session of this worker, which this one goes on with (rule J5). Default: none. */
  readonly resume?: string | null;
  /** Attempts to reach a coordinator that never answered before the session gives up. After a first welcome it never does. */
  readonly firstAttemptsMax: number;
  /**
   * Whether the coordinator's server answers: asked while a connection is silent whose transport sees no pings. Default: such
   * silence means nothing. Never rejects.
   */
  readonly isThere?: () => Promise<boolean>;
  readonly onEvent: (event: SessionEvent) => void;
}
