/** What a connection tells its owner. Called in the order in which things happen, never after onClose. */
export interface TransportHandlers {
  /** One frame came; the receiver owns its bytes. */
  onMessage(frame: Uint8Array): void;
  /** The other side gave a sign of life that is no frame: a ping. */
  onPing(): void;
  /** The connection is over; 1006 when it broke. Called once. */
  onClose(code: number, reason: string): void;
}

/** An open connection to a coordinator that carries whole frames, in order. */
export interface Transport {
  /** Whether onPing is called: browsers answer pings without telling the page. */
  readonly seesPings: boolean;
  /**
   * Sends one frame; borrows it until the promise resolves.
   * @returns a promise that resolves when the frame has left and may be written again, also when the connection is closed meanwhile
   */
  send(frame: Uint8Array): Promise<void>;
  /** Closes once what was sent has gone; onClose follows. */
  close(code: number, reason: string): void;
}

/**
 * Opens a connection. @throws WorkerError CONNECT_FAILED when it may be tried again, CONNECT_REFUSED when that is of no use
 */
export type Connect = (handlers: TransportHandlers) => Promise<Transport>;

/** Time, from outside, so that tests and simulations can make it. */
export interface Clock {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Calls back once after so many milliseconds, unless the returned function is called before. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Fetches bytes by their SHA-256; the caller owns and checks them. @throws WorkerError BLOB_UNREACHABLE */
export type FetchBlob = (sha256: string) => Promise<Uint8Array>;
