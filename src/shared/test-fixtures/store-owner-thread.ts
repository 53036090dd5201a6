import { workerData } from 'node:worker_threads'
import { createStoreOwner } from '../store-owner.ts'

// Owns a store for whoever holds the other end of the port.
const { port, clock, maxBytes } = workerData
const options = maxBytes === undefined ? {} : { maxBytes }
createStoreOwner({ ...options, now: () => clock[0] }).serve(port)
port.ref()
