/**
 * The encoding of a program, version 1. Integers are LEB128 varints unless said otherwise; "list" is a count and that
 * many entries. One program has one encoding.
 *
 *   program    "TBPG", version uint16 little-endian, name, list of operation names (those used, sorted), graph,
 *              a name for each graph input, for each graph output: name, replaces (0, or 1 + number of the input)
 *   graph      list of types (inputs), list of nodes, list of value ids (outputs)
 *   type       dtype (place in DTYPES), list of dimensions
 *   node       operation (place in the list of names), list of inputs (distance back from the node's first output),
 *              attributes in the order of ATTRIBUTE_FORMS, list of types (outputs)
 *   attributes integer: varint; boolean: 0 or 1; dtype, comparator: place in its list; number: float64 little-endian;
 *              integers, numbers: list; pair: two integers; pairs: two pairs; graph: graph
 *   name       length, ASCII
 */

/** "TBPG": Tributary program. */
export const PROGRAM_MAGIC: readonly number[] = [0x54, 0x42, 0x50, 0x47];

/** Raised whenever the encoding of an existing program changes; new operations and dtypes at the end of the list do not raise it. */
export const PROGRAM_FORMAT_VERSION = 1;

/** Characters of the longest name of a program, input, output or operation. */
export const NAME_LENGTH_MAX = 64;
