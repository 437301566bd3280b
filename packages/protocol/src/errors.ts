/** What can be wrong with bytes from the other side, or with what we were asked to send; every code once. */
export const PROTOCOL_ERROR_CODES = {
  FRAME_TOO_SHORT: "A frame has fewer bytes than its header: the sender does not speak this protocol",
  FRAME_TOO_LARGE: "A control part or a chunk is over its limit: split the tensor into chunks, keep messages small",
  FRAME_MAGIC: "A frame does not begin with TRIB: the sender does not speak this protocol",
  FRAME_VERSION: "A frame has another frame version: update the older side",
  FRAME_KIND: "A frame is neither a message nor a chunk, or has the parts of the other kind",
  FRAME_LENGTH: "A frame's parts do not add up to its length: it was cut, or padded",
  FRAME_RESERVED: "Reserved or padding bytes are not zero",
  FRAME_OFFSET: "A chunk begins at no multiple of 8, or ends beyond 2^53 bytes",
  CONTROL_NOT_A_MAP: "A control part does not begin with a map: every message is one",
  CONTROL_TYPE: "A control part holds a MessagePack type that messages never use (extensions, 64-bit integers, 0xc1)",
  CONTROL_KEY: "A key of a map is no short ASCII string, or is there twice",
  CONTROL_DEPTH: "A control part is nested too deeply",
  CONTROL_NODES: "A control part holds too many values",
  CONTROL_TRUNCATED: "A control part ends inside a value, or claims more bytes than it has",
  CONTROL_TRAILING: "Bytes follow the message in a control part",
  CONTROL_DECODE: "MessagePack could not be decoded",
  CONTROL_NOT_ENCODABLE:
    "A message to be sent holds what MessagePack would change: use plain objects, arrays and Uint8Array",
  MESSAGE_INVALID: "A message has an unknown type, an unknown key, or a value that its schema refuses",
  MESSAGE_UNEXPECTED: "A message came that has no place here: before hello or welcome, or twice",
  TRANSFER_SIZE: "A tensor is announced with another size than the run's layout and its codec give",
  TRANSFER_ID: "A transfer's id is not greater than the ones before it in this direction of the connection",
  TRANSFER_UNKNOWN: "A chunk came for a tensor that was not announced: send the message with its descriptor first",
  TRANSFER_ORDER: "A chunk does not begin where the one before it ended",
  TRANSFER_OVERFLOW: "A chunk ends beyond the announced length of its tensor",
  TRANSFER_CHECKSUM: "A completed tensor has another CRC-32 than announced: it was damaged on the way",
  TRANSFER_TOO_MANY: "More tensors are unfinished than one direction of a connection may have",
  CODEC_UNKNOWN: "No codec has this name: offer and choose from CODECS",
  CODEC_LENGTH: "Coded bytes or elements have another length than the codec gives for the tensor",
  CODEC_SCALE: "A scale of the float16 codec is no power of two between 2^-126 and 2^113",
} as const;

/** One of {@link PROTOCOL_ERROR_CODES}. */
export type ProtocolErrorCode = keyof typeof PROTOCOL_ERROR_CODES;

/** What the other side sent breaks the protocol. The receiver closes that connection with {@link closeCodeOf}, nothing else. */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProtocolError";
    this.code = code;
  }
}
