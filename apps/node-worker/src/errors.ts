import { CodedError } from "@tributary/program";

/** Every code a {@link NodeWorkerError} can carry: what it means and how to mend it. */
export const NODE_WORKER_ERROR_CODES = {
  JOIN_ADDRESS:
    "The address to join is none: use the link that the coordinator prints, such as http://host:port/join#t=TOKEN",
  PROCESS_LOST: "A worker's process ended without saying how: it was killed, or crashed; its standard error says more",
} as const;

/** One of the keys of {@link NODE_WORKER_ERROR_CODES}. */
export type NodeWorkerErrorCode = keyof typeof NODE_WORKER_ERROR_CODES;

/** What keeps a Node worker from running at all. */
export class NodeWorkerError extends CodedError<NodeWorkerErrorCode> {
  override readonly name = "NodeWorkerError";
}
