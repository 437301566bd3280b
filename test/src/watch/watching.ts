import type { RunningCoordinator } from "@tributary/coordinator-app";
import {
  parseWatchMessage,
  TOKEN_SUBPROTOCOL_PREFIX,
  WATCH_PATH,
  WATCH_SUBPROTOCOL,
  type WatchMessage,
  type WatchRequest,
} from "@tributary/protocol";
import { WebSocket } from "ws";

type MessageOf<Type extends WatchMessage["type"]> = Extract<WatchMessage, { type: Type }>;

/** A request whose number is still to be given. */
type Wish = WatchRequest extends infer Each ? (Each extends WatchRequest ? Omit<Each, "request"> : never) : never;

/** Somebody who watches a run: all that was told, and questions. */
export class Watching {
  /** Resolves with the code the socket was closed with. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #messages: WatchMessage[] = [];
  #wake: (() => void)[] = [];
  #requests = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      this.#messages.push(parseWatchMessage(String(data)));
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      socket.once("close", (code) => {
        for (const wake of this.#wake.splice(0)) wake();
        resolve(code);
      });
    });
  }

  static async open({ url }: Pick<RunningCoordinator, "url">, token?: string): Promise<Watching> {
    const tokens = token === undefined ? [] : [`${TOKEN_SUBPROTOCOL_PREFIX}${token}`];
    const socket = new WebSocket(`${url.replace("http", "ws")}${WATCH_PATH}`, [WATCH_SUBPROTOCOL, ...tokens]);
    const watching = new Watching(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return watching;
  }

  /** The first message, there already or to come, of this type for which `matches` holds. */
  until<Type extends WatchMessage["type"]>(
    type: Type,
    matches?: (message: MessageOf<Type>) => boolean,
  ): Promise<MessageOf<Type>> {
    return this.#find(0, type, matches);
  }

  /** The first such message that is still to come. */
  next<Type extends WatchMessage["type"]>(
    type: Type,
    matches?: (message: MessageOf<Type>) => boolean,
  ): Promise<MessageOf<Type>> {
    return this.#find(this.#messages.length, type, matches);
  }

  /** Asks for something. @returns its answer @throws Error when that is not of the wanted type */
  async ask<Type extends "done" | "prediction" | "activations" | "samples" | "sample" = "done">(
    wish: Wish,
    type?: Type,
  ): Promise<MessageOf<Type>> {
    this.#requests += 1;
    const request = this.#requests;
    const wanted: WatchMessage["type"] = type ?? "done";
    const from = this.#messages.length;
    this.#socket.send(JSON.stringify({ ...wish, request }));
    for (let index = from; ; index += 1) {
      while (this.#messages.length <= index) await this.#more();
      const message = this.#messages[index];
      if (message === undefined || !("request" in message) || message.request !== request) continue;
      if (isOf<Type>(message, wanted)) return message;
      throw new Error(`Asked for ${wanted}, got ${JSON.stringify(message).slice(0, 300)}`);
    }
  }

  /** All messages of a type so far. */
  all<Type extends WatchMessage["type"]>(type: Type): readonly MessageOf<Type>[] {
    return this.#messages.flatMap((message) => (isOf<Type>(message, type) ? [message] : []));
  }

  /** The last message of a type. @throws Error when there is none */
  last<Type extends WatchMessage["type"]>(type: Type): MessageOf<Type> {
    const message = this.all(type).at(-1);
    if (message === undefined) throw new Error(`There was no ${type}`);
    return message;
  }

  async #find<Type extends WatchMessage["type"]>(
    from: number,
    type: Type,
    matches: (message: MessageOf<Type>) => boolean = () => true,
  ): Promise<MessageOf<Type>> {
    for (let index = from; ; index += 1) {
      while (this.#messages.length <= index) await this.#more();
      const message = this.#messages[index];
      if (message !== undefined && isOf<Type>(message, type) && matches(message)) return message;
    }
  }

  async #more(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) throw new Error("The socket closed before");
    await new Promise<void>((resolve) => {
      this.#wake.push(resolve);
    });
  }
}

function isOf<Type extends WatchMessage["type"]>(
  message: WatchMessage,
  type: WatchMessage["type"],
): message is MessageOf<Type> {
  return message.type === type;
}
