import * as v from "valibot";
import { decodeControl, encodeControl } from "./control-codec.ts";
import { type CoordinatorMessage, coordinatorMessageSchema } from "./coordinator-messages.ts";
import { ProtocolError } from "./errors.ts";
import { encodeMessageFrame } from "./frame.ts";
import { type WorkerMessage, workerMessageSchema } from "./worker-messages.ts";

/** What either side may say. Made once: building it for each message costs more than checking one. */
const anyMessageSchema = v.union([workerMessageSchema, coordinatorMessageSchema]);

/**
 * The frame of a message, ready to be sent; the caller owns it.
 * @throws ProtocolError MESSAGE_INVALID when the message breaks its own schema: what we send, the other side would refuse
 */
export function encodeMessage(message: WorkerMessage | CoordinatorMessage): Uint8Array<ArrayBuffer> {
  parse(anyMessageSchema, message, "to be sent");
  return encodeMessageFrame(encodeControl(message));
}

/** What a worker said, from a frame's control part. @throws ProtocolError with a CONTROL_ code or MESSAGE_INVALID */
export function decodeWorkerMessage(control: Uint8Array): WorkerMessage {
  return parse(workerMessageSchema, decodeControl(control), "of a worker");
}

/** What a coordinator said, from a frame's control part. @throws ProtocolError with a CONTROL_ code or MESSAGE_INVALID */
export function decodeCoordinatorMessage(control: Uint8Array): CoordinatorMessage {
  return parse(coordinatorMessageSchema, decodeControl(control), "of a coordinator");
}

function parse<Message>(schema: v.GenericSchema<unknown, Message>, value: unknown, whose: string): Message {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue) ?? "the message";
  throw new ProtocolError(
    "MESSAGE_INVALID",
    `A message ${whose} is not valid at ${path}: ${issue.message.slice(0, 200)}`,
  );
}
