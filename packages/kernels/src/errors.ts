import { CodedError } from "@tributary/program";

/** Every code a {@link KernelError} can carry, with what it means and how to mend it. */
export const KERNEL_ERROR_CODES = {
  BACKEND_UNAVAILABLE: "This backend cannot run here, or is not built yet: open another one, such as wasm",
  OPTION_INVALID: "An option of open() does not fit the backend: leave it out, or choose the backend it belongs to",
  UNSUPPORTED_OPERATION: "The backend has no kernel for an operation of the program: use another backend or operation",
  BINDING_MISSING: "An input or output of the program has no buffer: add it to the bindings under its name",
  BINDING_MISMATCH: "A bound buffer has another dtype or length than the program declares: allocate it as declared",
  BINDING_ALIASED: "A buffer that the run writes is bound under a second name: bind two buffers, or use `replaces`",
  LENGTH_INVALID: "A length or offset is not a whole number of elements inside the limits: correct it",
  RANGE_OUTSIDE_BUFFER: "A read or write reaches past the end of the buffer: lower the offset or the length",
  DATA_MISMATCH: "The array given to write() is not of the buffer's dtype: convert it first",
  BUFFER_DISPOSED: "The buffer was disposed of: keep it until its last use",
  BUFFER_FOREIGN: "The buffer belongs to another device: read it there and write it here",
  EXECUTABLE_DISPOSED: "The executable was disposed of: compile the program again",
  DEVICE_DISPOSED: "The device was disposed of: open a new one",
  DEVICE_LOST:
    "The GPU is gone (a driver's reset, sleep, or a watchdog), with everything that was on it: open a new device and write the data again",
  DEVICE_FAILED: "The GPU or its driver refused what every GPU must do: open another backend, and report it",
  MODEL_TOO_LARGE:
    "The GPU cannot bind what one operation uses of the model's parameters or sums, which no smaller microbatch makes smaller: compute on the processor, or on another device",
  OUT_OF_MEMORY: "The device has not enough memory: use a smaller microbatch, or dispose of buffers and executables",
} as const;

/** A code of {@link KERNEL_ERROR_CODES}. */
export type KernelErrorCode = keyof typeof KERNEL_ERROR_CODES;

/** What devices and executables throw. */
export class KernelError extends CodedError<KernelErrorCode> {
  override readonly name = "KernelError";
}
