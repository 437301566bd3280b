export { NODE_WORKER_ERROR_CODES, NodeWorkerError, type NodeWorkerErrorCode } from "./errors.ts";
export { type JoinAddress, parseJoinAddress } from "./join-address.ts";
export { type NodeWorkerOptions, runNodeWorker } from "./node-worker.ts";
export { spawnNodeWorker, type WorkerProcess, type WorkerProcessOptions } from "./worker-process.ts";
