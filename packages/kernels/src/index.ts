export type { Backend, Bindings, Device, DeviceBuffer, Executable, TensorData } from "./device.ts";
